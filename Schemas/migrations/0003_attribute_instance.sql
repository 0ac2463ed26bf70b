-- The history: one row for each write of an Attribute instance.

CREATE SEQUENCE attribute_instance_id;

CREATE TABLE attribute_instance (
  tenant int NOT NULL,
  entity bigint NOT NULL,               -- entity.key
  attribute int NOT NULL,
  dataset int NOT NULL,
  id bigint NOT NULL DEFAULT nextval('attribute_instance_id'),
  time timestamptz NOT NULL,            -- observedAt, or modified where there is none
  is_observed boolean NOT NULL,         -- whether time is observedAt
  is_deletion boolean NOT NULL,         -- whether it records that the instance was deleted
  created timestamptz NOT NULL,
  modified timestamptz NOT NULL,
  number float8,                        -- the value, where it is a number
  document text NOT NULL
) PARTITION BY RANGE (time);
CREATE INDEX attribute_instance_time ON attribute_instance
  (tenant, entity, attribute, time) INCLUDE (number);

-- Times for which no partition was created ahead: clocks that are far off.
CREATE TABLE attribute_instance_other PARTITION OF attribute_instance DEFAULT;
