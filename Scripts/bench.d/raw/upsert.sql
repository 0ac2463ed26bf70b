-- What a batch upsert writes: 64 Entities with the history of their eight Attributes, as one
-- statement. The rows are made of one document here: pgbench has no arrays to send.
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
  SELECT 1, key, :stations, (:attributes)::int[], (:filtered)::jsonb FROM upserted
  ON CONFLICT (tenant, key) DO UPDATE
  SET typeset = excluded.typeset, attrs = excluded.attrs, attributes = excluded.attributes
)
INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed,
  is_deletion, created, modified, number, document)
SELECT 1, key, attribute, 0, now(), true, false, now(), now(), 21.5, document
FROM upserted, unnest((:attributes)::int[], (:instances)::text[]) AS instance (attribute, document);
