-- The current state of Entities.

-- Keys are handed out in blocks, so that creating an Entity needs no round trip for its key.
CREATE SEQUENCE entity_key INCREMENT 1000;

-- A deleted Entity leaves its row with no typeset, so that its history keeps its key.
CREATE TABLE entity (
  tenant int NOT NULL,
  key bigint NOT NULL,
  id text NOT NULL,
  typeset int,
  created timestamptz NOT NULL,
  modified timestamptz NOT NULL,
  expires timestamptz,
  document text NOT NULL,               -- text: jsonb would reorder members and rewrite numbers
  PRIMARY KEY (tenant, key),
  UNIQUE (tenant, id)
) WITH (fillfactor = 65);
-- Compressed, a row is updated within its page: the page has room for its next version. A server
-- built without lz4 keeps its default method.
DO $$ BEGIN
  ALTER TABLE entity ALTER COLUMN document SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
-- `expires` is there so that Entities are counted without reading their documents.
CREATE INDEX entity_typeset ON entity (tenant, typeset, key) INCLUDE (expires);

-- What filters look at, narrow, so that a scan for any Attribute reads 0.4 KB an Entity, not 2.7.
CREATE TABLE entity_value (
  tenant int NOT NULL,
  key bigint NOT NULL,
  typeset int NOT NULL,
  expires timestamptz,
  attrs int[] NOT NULL,
  scopes text[],
  attributes jsonb NOT NULL,            -- name.id to instances
  PRIMARY KEY (tenant, key)
) WITH (fillfactor = 60);
CREATE INDEX entity_value_typeset ON entity_value (tenant, typeset, key);
CREATE INDEX entity_value_attrs ON entity_value USING gin (attrs);

-- Geometries apart: an index on them would end HOT updates of the other tables.
CREATE TABLE entity_geo (
  tenant int NOT NULL,
  key bigint NOT NULL,
  attribute int NOT NULL,
  dataset int NOT NULL,
  typeset int NOT NULL,
  geo geography NOT NULL,
  PRIMARY KEY (tenant, key, attribute, dataset)
) WITH (fillfactor = 80);
CREATE INDEX entity_geo_geo ON entity_geo USING gist (geo);
CREATE INDEX entity_geo_typeset ON entity_geo (tenant, typeset, attribute, key);
