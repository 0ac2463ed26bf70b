-- What PATCH of one Attribute writes: an upsert with its history, as one statement.
\set n random(1, 10000)
WITH upserted AS (
  INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
  SELECT 1, nextval('entity_key'), id, :stations, now(), now(), (:head)::text || id || (:document)::text
  FROM CAST((:station)::text || lpad((:n)::text, 6, '0') AS text) AS id
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
SELECT 1, key, :temperature, 0, now(), true, false, now(), now(), 21.5, :instance
FROM upserted;
