-- Reads of the history touch less.

-- Whether the history knows scopes of the Entity: only then reads look for them.
ALTER TABLE entity ADD COLUMN had_scopes boolean NOT NULL DEFAULT false;
UPDATE entity AS e
SET had_scopes = true
WHERE EXISTS (
  SELECT FROM attribute_instance AS i
  WHERE i.tenant = e.tenant AND i.entity = e.key
    AND i.attribute = (SELECT id FROM name WHERE iri = 'scope'));

-- With all that aggregates of numbers look at, so that they read the index alone.
ALTER INDEX attribute_instance_time RENAME TO attribute_instance_time_old;
CREATE INDEX attribute_instance_time ON attribute_instance (tenant, entity, attribute, time)
  INCLUDE (number, kind, is_observed, is_deletion, expires);
DROP INDEX attribute_instance_time_old;
