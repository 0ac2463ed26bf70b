-- Makes 100,000 Entities of the type WeatherObserved out of the 10,000 stations, as the broker
-- would have stored them; this is ten times faster than sending them.

CREATE TEMP TABLE copied AS
SELECT e.key, 1000000000 + 10 * e.key + copy AS new_key, copy, weather.typeset
FROM entity AS e, generate_series(0, 9) AS copy,
  (SELECT typeset FROM entity WHERE id = 'urn:ngsi-ld:WeatherObserved:000000') AS weather
WHERE e.id LIKE 'urn:ngsi-ld:AirQualityObserved:%';

INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
SELECT tenant, new_key, renamed.id, c.typeset, created, modified,
  replace(replace(document, e.id, renamed.id), 'AirQualityObserved', 'WeatherObserved')
FROM copied AS c JOIN entity AS e USING (key),
  LATERAL (
    SELECT replace(e.id, 'AirQualityObserved', 'WeatherObserved') || '-' || c.copy AS id
  ) AS renamed
ORDER BY new_key;

INSERT INTO entity_value (tenant, key, typeset, attrs, attributes)
SELECT tenant, new_key, c.typeset, attrs, attributes
FROM copied AS c JOIN entity_value USING (key)
ORDER BY new_key;

INSERT INTO entity_geo (tenant, key, attribute, dataset, typeset, geo)
SELECT tenant, new_key, attribute, dataset, c.typeset, geo
FROM copied AS c JOIN entity_geo USING (key)
ORDER BY new_key;

VACUUM ANALYZE;
