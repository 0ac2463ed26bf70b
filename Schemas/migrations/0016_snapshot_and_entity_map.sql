-- Snapshots and EntityMaps: what queries found, kept as it was.

-- The data of a Snapshot are those of a tenant which no client can name: `owner` is the tenant that
-- the Snapshot belongs to.
ALTER TABLE tenant ADD COLUMN owner int;
CREATE INDEX tenant_owner ON tenant (owner) WHERE owner IS NOT NULL;

CREATE TABLE snapshot (
  tenant int NOT NULL,
  id text NOT NULL,
  data int NOT NULL,                    -- tenant.id of its data
  source int,                           -- of a clone: tenant.id of the data that it is yet to copy
  status text NOT NULL,
  created timestamptz NOT NULL,
  modified timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  last_used timestamptz NOT NULL,
  document text NOT NULL,               -- what its client said of it
  results text NOT NULL,                -- what came of its queries
  context text NOT NULL,                -- the @context of its queries; null is the Core
  PRIMARY KEY (tenant, id)
);
CREATE INDEX snapshot_preparing ON snapshot (created) WHERE status = 'preparing';
CREATE INDEX snapshot_expires ON snapshot (expires);

-- Copies rows of one tenant to another, whatever columns the table has; those that are there stay.
-- `keys` are Entities' keys; null copies all rows.
CREATE FUNCTION tenant_copy(from_table text, from_tenant int, to_tenant int, keys bigint[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  copied bigint;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
  FROM pg_attribute
  WHERE attrelid = from_table::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant';
  EXECUTE format(
    'INSERT INTO %1$I (tenant, %2$s) OVERRIDING SYSTEM VALUE SELECT $2, %2$s FROM %1$I '
    'WHERE tenant = $1 %3$s ON CONFLICT DO NOTHING',
    from_table, columns, CASE WHEN keys IS NULL THEN '' ELSE 'AND key = ANY ($3)' END)
  USING from_tenant, to_tenant, keys;
  GET DIAGNOSTICS copied = ROW_COUNT;
  RETURN copied;
END $$;

-- EntityMaps: the Entities that a query found, by their places in its answer.
CREATE TABLE entity_map (
  tenant int NOT NULL,
  key bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,
  conditions text NOT NULL,             -- of the query, which others that use the map repeat
  expires timestamptz NOT NULL,
  linked text NOT NULL DEFAULT '{}',    -- Context Sources to their own maps, as JSON
  PRIMARY KEY (tenant, key),
  UNIQUE (tenant, id)
);
CREATE INDEX entity_map_expires ON entity_map (expires);

CREATE TABLE entity_map_entry (
  tenant int NOT NULL,
  map bigint NOT NULL,                  -- entity_map.key
  position bigint NOT NULL,
  id text NOT NULL,
  key bigint,                           -- entity.key, where the Entity is held here
  sources text[],                       -- Context Sources that hold parts of it; null for none
  PRIMARY KEY (tenant, map, position)
);
CREATE INDEX entity_map_entry_key ON entity_map_entry (tenant, map, key);
