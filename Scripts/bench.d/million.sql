-- Makes 1,000,000 Entities out of one, as the broker would have stored them. `temperature`, which
-- is indexed, and `no2`, which is not, have the same values, spread over 0 to 99.9999.

CREATE TEMP TABLE copied AS
SELECT 1000000000::bigint + i AS new_key, i, (i::bigint * 7919 % 1000000)::numeric / 10000 AS value
FROM generate_series(1, 1000000) AS i;

INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
SELECT tenant, new_key, 'urn:ngsi-ld:NoiseLevelObserved:copy:' || i, typeset, created, modified,
  replace(
    replace(
      replace(document, e.id, 'urn:ngsi-ld:NoiseLevelObserved:copy:' || i),
      '"value":0,', '"value":' || value || ','),
    '"value":0.25,', '"value":' || value || ',')
FROM copied, entity AS e
WHERE e.id = 'urn:ngsi-ld:NoiseLevelObserved:000000'
ORDER BY new_key;

INSERT INTO entity_value (tenant, key, typeset, attrs, attributes)
SELECT v.tenant, new_key, v.typeset, attrs,
  jsonb_set(
    jsonb_set(attributes, ARRAY[temperature.id::text, '0', 'v'], to_jsonb(value)),
    ARRAY[no2.id::text, '0', 'v'], to_jsonb(value))
FROM copied, entity AS e JOIN entity_value AS v USING (tenant, key),
  name AS temperature, name AS no2
WHERE e.id = 'urn:ngsi-ld:NoiseLevelObserved:000000'
  AND temperature.iri LIKE '%/temperature' AND no2.iri LIKE '%/no2'
ORDER BY new_key;

VACUUM ANALYZE;
