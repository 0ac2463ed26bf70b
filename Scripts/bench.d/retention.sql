-- Makes old months of history as the broker would have stored them: 20,000 rows each of stations,
-- and in the last year also some of crossings, of which all history is kept.
--
-- Variables: years.

SELECT attribute_instance_create_partitions('2010-01-01 00:00Z', 12 * :years);

INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed, is_deletion,
  created, modified, number, kind, document)
SELECT e.tenant, e.key, n.id, 0, time, true, false, time, time, 21.5, 1,
  '{"type":"Property","value":21.5,"unitCode":"CEL"}'
FROM generate_series(0, 12 * :years - 1) AS month,
  generate_series(1, 20) AS day,
  LATERAL (
    SELECT (timestamp '2010-01-01' + make_interval(months => month, days => day))
      AT TIME ZONE 'UTC' AS time
  ) AS instant,
  entity AS e, name AS n
WHERE (e.id ~ '^urn:ngsi-ld:AirQualityObserved:000' AND n.iri ~ '/temperature$')
  OR (e.id ~ '^urn:ngsi-ld:TrafficFlowObserved:' AND n.iri ~ '/intensity$'
    AND month >= 12 * (:years - 1));

VACUUM ANALYZE attribute_instance;
