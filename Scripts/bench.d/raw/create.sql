-- What POST of an Entity writes: the Entity with the history of its eight Attributes, as one
-- statement.
WITH created AS (
  INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
  SELECT 1, key, id, :noises, now(), now(), (:head)::text || id || (:document)::text
  FROM nextval('entity_key') AS key,
    CAST((:noise)::text || key AS text) AS id
  ON CONFLICT (tenant, id) DO UPDATE
  SET typeset = excluded.typeset, modified = excluded.modified, document = excluded.document
  RETURNING key
), filtered AS (
  INSERT INTO entity_value (tenant, key, typeset, attrs, attributes)
  SELECT 1, key, :noises, (:attributes)::int[], (:filtered)::jsonb FROM created
), located AS (
  INSERT INTO entity_geo (tenant, key, attribute, dataset, typeset, geo)
  SELECT 1, key, :location, 0, :noises,
    ST_MakePoint(key / 1000 % 1000 / 1000.0, key / 1000000 / 1000.0)::geography
  FROM created
)
INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed,
  is_deletion, created, modified, number, document)
SELECT 1, key, attribute, 0, now(), true, false, now(), now(), 21.5, document
FROM created, unnest((:attributes)::int[], (:instances)::text[]) AS instance (attribute, document);
