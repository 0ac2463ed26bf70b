-- What temporal queries look at: kinds and values of instances, and the types of Entities that were.

-- The kind tells numbers from other values (see InstanceKind); of texts that denote a time, of
-- booleans and of arrays, `number` is the time, 0 or 1, and the size. The value is in the form that
-- filters look at, as in entity_value; it is null where `number` and `document` say all of it.
ALTER TABLE attribute_instance
  ADD COLUMN kind smallint NOT NULL DEFAULT 0,
  ADD COLUMN value jsonb;

-- Finds an instance by its id, which ascends with the rows; next to nothing for writes.
CREATE INDEX attribute_instance_by_id ON attribute_instance
  USING brin (id) WITH (pages_per_range = 32, autosummarize = on);

-- The history of scopes is that of an Attribute whose name no other can have.
INSERT INTO name (iri) VALUES ('scope');

-- All types that an Entity ever had, where its typeset does not tell: it was deleted or replaced.
ALTER TABLE entity ADD COLUMN past_typeset int;
CREATE INDEX entity_past_typeset ON entity (tenant, past_typeset, key)
  WHERE past_typeset IS NOT NULL;
UPDATE entity AS e
SET past_typeset = t.id
FROM typeset AS t
WHERE e.typeset IS NULL AND t.tenant = e.tenant AND t.types = ARRAY(
  SELECT name.id
  FROM jsonb_array_elements_text(e.document::jsonb -> 'type') WITH ORDINALITY AS type (iri, place)
  JOIN name USING (iri)
  ORDER BY place);

-- How many whole periods of some months and a rest lie between two instants, in UTC; the length of
-- each depends on the calendar, and the end of a month stays one.
CREATE FUNCTION aggregation_period(
  at timestamptz, origin timestamptz, months int, rest interval
) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  base timestamp := origin AT TIME ZONE 'UTC';
  target timestamp := at AT TIME ZONE 'UTC';
  width interval := make_interval(months => months) + rest;
  -- Months have 28 days or more, so this is never less than what is sought.
  period int := ceil(
    extract(epoch FROM target - base) / (months * 2419200 + extract(epoch FROM rest)));
  average numeric := months * 2629746 + extract(epoch FROM rest);
BEGIN
  -- Close to it from above: by the average month, in which two days are uncertain.
  period := least(period, ceil((extract(epoch FROM target - base) + 345600) / average)::int + 1);
  WHILE base + period * width > target LOOP
    period := period - 1;
  END LOOP;
  RETURN period;
END $$;
