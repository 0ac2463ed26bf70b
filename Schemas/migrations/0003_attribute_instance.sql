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

-- Creates the monthly partitions from the month of `first` on that are missing; returns how many.
-- Brokers call it at start and once a day, some months ahead, so that no write ever waits for it.
CREATE FUNCTION attribute_instance_create_partitions(first timestamptz, months int)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
  partition text;
  created int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('attribute_instance_create_partitions'));
  FOR i IN 1..months LOOP
    partition := format('attribute_instance_%s', to_char(month, 'YYYYMM'));
    IF to_regclass(partition) IS NULL THEN
      EXECUTE format(
        'CREATE TABLE %I PARTITION OF attribute_instance FOR VALUES FROM (%L) TO (%L)',
        partition, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
      created := created + 1;
    END IF;
    month := month + interval '1 month';
  END LOOP;
  RETURN created;
END $$;
