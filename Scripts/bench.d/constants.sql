-- NAME=VALUE for the raw statements: the numbers of types and Attributes, and the rows of the first
-- station, whose document is cut around its id. pgbench takes every colon for a variable's, so that
-- texts with a colon come from here too.
WITH named AS (
  SELECT id, substring(iri FROM '[^/]*$') AS term FROM name
), station AS (
  SELECT * FROM entity WHERE id = 'urn:ngsi-ld:AirQualityObserved:000001'
), typesets AS (
  SELECT t.id, term FROM typeset AS t JOIN named AS n ON types = ARRAY[n.id]
), instances AS (
  SELECT i.* FROM attribute_instance AS i, station WHERE entity = key
)
SELECT 'stations=' || id FROM typesets WHERE term = 'AirQualityObserved'
UNION ALL SELECT 'station=urn:ngsi-ld:AirQualityObserved:'
UNION ALL SELECT 'noise=urn:ngsi-ld:NoiseLevelObserved:raw:'
UNION ALL SELECT 'crossing=urn:ngsi-ld:TrafficFlowObserved:'
UNION ALL SELECT 'weather=' || id FROM typesets WHERE term = 'WeatherObserved'
UNION ALL SELECT 'noises=' || id FROM typesets WHERE term = 'NoiseLevelObserved'
UNION ALL SELECT term || '=' || id FROM named WHERE term IN ('temperature', 'location', 'intensity')
UNION ALL SELECT 'head={"id":"'
UNION ALL SELECT 'document=' || substring(document FROM length('{"id":"' || id) + 1) FROM station
UNION ALL SELECT 'filtered=' || attributes::text FROM entity_value JOIN station USING (key)
UNION ALL SELECT 'attributes=' || array_agg(attribute ORDER BY id)::text FROM instances
UNION ALL SELECT 'instances=' || array_agg(document ORDER BY id)::text FROM instances
UNION ALL SELECT 'kinds=' || array_agg(kind ORDER BY id)::text FROM instances
UNION ALL SELECT 'numbers=' || array_agg(number ORDER BY id)::text FROM instances
UNION ALL SELECT 'comparables=' || array_agg(comparable ORDER BY id)::text FROM instances
UNION ALL SELECT 'instance=' || document FROM instances JOIN named ON attribute = named.id
WHERE term = 'temperature';
