-- What a batch upsert writes: 64 Entities with the history of their eight Attributes, as one
-- statement. The rows are made of one document here: pgbench has no arrays to send. A space at its
-- end has the values of each row parsed, as those of 64 different Entities are.
\set first random(0, 155) * 64 + 1
WITH upserted AS (
  INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
  SELECT 1, nextval('entity_key'), id, :stations, now(), now(), (:head)::text || id || (:document)::text
  FROM generate_series((:first)::int, (:first)::int + 63) AS n,
    CAST((:station)::text || lpad(n::text, 6, '0') AS text) AS id
  ON CONFLICT (tenant, id) DO UPDATE
  SET typeset = excluded.typeset, modified = excluded.modified, document = excluded.document
  RETURNING key
), filtered AS (
  INSERT INTO entity_value (tenant, key, typeset, attrs, attributes)
  SELECT 1, key, :stations, (:attributes)::int[], ((:filtered)::text || repeat(' ', (key % 2)::int))::jsonb
  FROM upserted
  ON CONFLICT (tenant, key) DO UPDATE
  SET typeset = excluded.typeset, attrs = excluded.attrs, attributes = excluded.attributes
)
INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed,
  is_deletion, created, modified, kind, number, comparable, document)
SELECT 1, key, attribute, 0, now(), true, false, now(), now(), kind, number, comparable, document
FROM upserted, unnest(
  (:attributes)::int[], (:kinds)::smallint[], (:numbers)::float8[], (:comparables)::text[],
  (:instances)::text[]
) AS instance (attribute, kind, number, comparable, document);
