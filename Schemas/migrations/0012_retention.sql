-- How long history is kept, and what stays of the numbers that were not.

CREATE TABLE retention (
  tenant int NOT NULL,
  type int NOT NULL,                    -- name.id: of Entities that have this type, among others
  hours int NOT NULL CHECK (hours > 0),
  rolls_up boolean NOT NULL,            -- whether numbers leave their hourly figures
  PRIMARY KEY (tenant, type)
);

-- Hourly figures of numbers that are no longer in the history.
CREATE TABLE attribute_hour (
  tenant int NOT NULL,
  entity bigint NOT NULL,               -- entity.key
  attribute int NOT NULL,
  dataset int NOT NULL,
  hour timestamptz NOT NULL,
  minimum float8 NOT NULL,
  maximum float8 NOT NULL,
  average float8 NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (tenant, entity, attribute, dataset, hour)
);

-- What holds for Entities of these types: history before the cutoff goes; null keeps all of it. Of
-- several types, the one that keeps the longest counts. Whole hours go, so that their figures are
-- made at once.
CREATE FUNCTION retention_of(
  tenant int, types int[], OUT cutoff timestamptz, OUT rolls_up boolean
) LANGUAGE sql STABLE AS $$
  SELECT date_trunc('hour', now(), 'UTC') - make_interval(hours => max(r.hours)),
    coalesce(bool_or(r.rolls_up), false)
  FROM retention AS r
  WHERE r.tenant = $1 AND r.type = ANY ($2)
$$;

-- The types of a deleted Entity, of which the row keeps no typeset.
CREATE FUNCTION deleted_entity_types(document text) RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(name.id ORDER BY place)
  FROM jsonb_array_elements_text(document::jsonb -> 'type') WITH ORDINALITY AS type (iri, place)
  JOIN name ON name.iri = type.iri
$$;

-- All Entities, also deleted ones, with what holds for them.
CREATE VIEW entity_retention AS
SELECT e.tenant, e.key, t.types, kept.cutoff, kept.rolls_up
FROM typeset AS t
CROSS JOIN LATERAL retention_of(t.tenant, t.types) AS kept
JOIN entity AS e ON e.tenant = t.tenant AND e.typeset = t.id
UNION ALL
SELECT e.tenant, e.key, were.types, kept.cutoff, kept.rolls_up
FROM tenant AS t
JOIN entity AS e ON e.tenant = t.id AND e.typeset IS NULL
CROSS JOIN LATERAL (SELECT deleted_entity_types(e.document) AS types) AS were
CROSS JOIN LATERAL retention_of(e.tenant, were.types) AS kept;
