-- Attributes that an operator declares, since queries often ask for their values, and an index.

CREATE TABLE indexed_attribute (
  tenant int NOT NULL,
  type int NOT NULL,                    -- name.id: of Entities that have this type, among others,
  attribute int NOT NULL,               -- name.id: this Attribute is indexed
  is_ready boolean NOT NULL DEFAULT false,  -- whether queries may rely on it
  filled bigint NOT NULL DEFAULT 0,     -- entity.key up to which Entities have been entered
  last bigint,                          -- entity.key of the last one that has to be; null before
                                        -- all writes know the declaration
  PRIMARY KEY (tenant, type, attribute)
);

-- Every change of what is declared moves the clock on. A write reads it with the rows that it
-- locks, so that it knows all declarations that were committed before.
CREATE TABLE indexed_attribute_clock (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  version bigint NOT NULL
);
INSERT INTO indexed_attribute_clock (version) VALUES (1);

-- One row for each number and string of a declared Attribute that `q` compares with operands, also
-- for each element of an array. A partition for each Attribute gives the planner its statistics.
CREATE TABLE attribute_index (
  tenant int NOT NULL,
  key bigint NOT NULL,                  -- entity.key
  attribute int NOT NULL,
  item int NOT NULL,                    -- counts the rows of one Entity's Attribute from 0
  typeset int NOT NULL,
  number float8,
  text text COLLATE "C",                -- the first 256 bytes
  is_reference boolean NOT NULL,        -- of a Relationship, which has equality only
  expires timestamptz,                  -- the instance or the Entity, whichever is first
  PRIMARY KEY (tenant, key, attribute, item)
) PARTITION BY LIST (attribute);
-- `attribute` is the same in all of a partition's rows, but without it no scan is index-only.
CREATE INDEX attribute_index_number ON attribute_index
  (tenant, attribute, typeset, number, key) INCLUDE (expires) WHERE number IS NOT NULL;
CREATE INDEX attribute_index_text ON attribute_index
  (tenant, attribute, typeset, text, key) INCLUDE (expires, is_reference) WHERE text IS NOT NULL;
-- Tells whether any Entity has several rows, so that counting them is not counting Entities.
CREATE INDEX attribute_index_further ON attribute_index (tenant, attribute, typeset)
  WHERE item > 0;

-- Made apart and attached, since a partition that is created in place stops all who use the others.
CREATE FUNCTION attribute_index_create_partition(attribute int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  partition text := format('attribute_index_%s', attribute);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('attribute_index_create_partition'));
  IF to_regclass(partition) IS NULL THEN
    -- Index-only scans need pages that were vacuumed.
    EXECUTE format(
      'CREATE TABLE %I (LIKE attribute_index INCLUDING ALL) WITH (fillfactor = 80, '
      'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, '
      'autovacuum_analyze_scale_factor = 0.02)', partition);
    EXECUTE format(
      'ALTER TABLE attribute_index ATTACH PARTITION %I FOR VALUES IN (%s)', partition, attribute);
  END IF;
END $$;
