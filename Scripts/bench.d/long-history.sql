-- Makes the history of one month for the Entities of the type TrafficFlowObserved that have all five
-- Attributes, with an instance for every quarter of an hour, as the broker would have stored it.
--
-- Variables: month, its first day. It comes into a table of its own that becomes a partition, and
-- that is not logged, since nothing here outlives the server: both are a matter of time.

SELECT format('attribute_instance_%s', to_char(:'month'::date, 'YYYYMM')) AS partition,
  :'month'::date AT TIME ZONE 'UTC' AS lower,
  (:'month'::date + interval '1 month') AT TIME ZONE 'UTC' AS upper \gset

CREATE UNLOGGED TABLE :"partition" (
  LIKE attribute_instance INCLUDING DEFAULTS,
  CHECK (time >= :'lower' AND time < :'upper')
);

WITH series AS (
  SELECT e.key AS entity, a.id AS attribute,
    row_number() OVER (ORDER BY a.id, e.key) AS number, count(*) OVER () AS count
  FROM entity AS e, name AS a
  WHERE e.id LIKE 'urn:ngsi-ld:TrafficFlowObserved:%' AND a.iri ~ '/(intensity|speed|occupancy|gap|length)$'
), instants AS (
  SELECT time, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS text,
    extract(epoch FROM time)::bigint / 900 AS number
  FROM generate_series(
    :'lower'::timestamptz, least(now(), :'upper'::timestamptz - interval '1 second'), '15 min') AS time
)
INSERT INTO :"partition" (tenant, entity, attribute, dataset, id, time, is_observed, is_deletion,
  created, modified, number, kind, document)
SELECT 1, entity, attribute, 0, instants.number * count + series.number, time, true, false, time,
  time, value, 1,
  '{"type":"Property","value":' || value || ',"unitCode":"E34","observedAt":"' || text || '"}'
FROM instants, series,
  LATERAL (SELECT (instants.number * 7919 + series.number * 31) % 900) AS made (value);

CREATE INDEX ON :"partition" (tenant, entity, attribute, time)
  INCLUDE (number, kind, is_observed, is_deletion, expires);
CREATE INDEX ON :"partition" USING brin (id) WITH (pages_per_range = 32, autosummarize = on);
VACUUM ANALYZE :"partition";
ALTER TABLE attribute_instance ATTACH PARTITION :"partition"
  FOR VALUES FROM (:'lower') TO (:'upper');
