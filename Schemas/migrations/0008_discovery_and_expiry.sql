-- What discovery counts, what has to be reaped, and tenants that are being removed.

-- How many Attribute instances of each name and type the Entities of a typeset have. It is never
-- written by a change itself, so that changes do not wait for each other.
CREATE TABLE census (
  tenant int NOT NULL,
  typeset int NOT NULL,
  attribute int NOT NULL,               -- name.id; 0 counts the Entities themselves
  type smallint NOT NULL,               -- of the Attribute, in the order of attribute_types(), from 1
  count bigint NOT NULL,
  PRIMARY KEY (tenant, typeset, attribute, type)
) WITH (fillfactor = 50);

-- What changes add to the census: one row for each typeset that a transaction has touched. Brokers
-- fold them into it; until then they are counted beside it. A change of values leaves no row.
CREATE TABLE census_change (
  tenant int NOT NULL,
  typeset int NOT NULL,
  attributes int[] NOT NULL,
  types smallint[] NOT NULL,
  counts int[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE FUNCTION attribute_types() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['Property', 'Relationship', 'GeoProperty', 'LanguageProperty', 'VocabProperty',
    'ListProperty', 'ListRelationship', 'JsonProperty']
$$;

-- The Attribute instances of an Entity's document, as the census counts them.
CREATE FUNCTION census_instances(document text)
RETURNS TABLE (attribute int, type smallint, expires timestamptz) LANGUAGE sql STABLE AS $$
  SELECT name.id, array_position(attribute_types(), instance ->> 'type')::smallint,
    (instance ->> 'expiresAt')::timestamptz
  FROM jsonb_each(document::jsonb) AS member (iri, value)
  JOIN name ON name.iri = member.iri
  CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN member.iri LIKE '%:%' THEN member.value ELSE '[]' END) AS instance
$$;

INSERT INTO census (tenant, typeset, attribute, type, count)
SELECT tenant, typeset, 0, 0, count(*) FROM entity WHERE typeset IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT e.tenant, e.typeset, i.attribute, i.type, count(*)
FROM entity AS e, census_instances(e.document) AS i
WHERE e.typeset IS NOT NULL
GROUP BY 1, 2, 3, 4;

-- When an Entity, or the first of anything in it, expires. Only what is transient is in the index,
-- and other updates stay within their page.
ALTER TABLE entity ADD COLUMN first_expiry timestamptz;
UPDATE entity AS e
SET first_expiry = least(
  e.expires, (SELECT min(i.expires) FROM census_instances(e.document) AS i))
WHERE e.typeset IS NOT NULL AND e.document LIKE '%"expiresAt"%';
CREATE INDEX entity_first_expiry ON entity (first_expiry) WHERE first_expiry IS NOT NULL;

-- The history of a transient Attribute ends with it (GS CIM 009, 4.22).
ALTER TABLE attribute_instance ADD COLUMN expires timestamptz;

-- A tenant that is being removed gives its name free at once; its row goes last.
ALTER TABLE tenant ADD COLUMN removed timestamptz, DROP CONSTRAINT tenant_name_key;
CREATE UNIQUE INDEX tenant_name ON tenant (name) WHERE removed IS NULL;
CREATE INDEX tenant_removed ON tenant (removed) WHERE removed IS NOT NULL;

-- The planner's estimate: to count the history of a tenant would take longer than anyone waits.
CREATE FUNCTION tenant_history_estimate(tenant int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format(
    'EXPLAIN (FORMAT JSON) SELECT FROM attribute_instance WHERE tenant = %s', tenant) INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric;
END $$;
