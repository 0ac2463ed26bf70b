-- What was observed in a month that lies further ahead than partitions do, as a forecast is, waits in
-- the default partition. A partition that is created takes its rows along: beside them there is no
-- room for it.
CREATE OR REPLACE FUNCTION attribute_instance_create_partitions(first timestamptz, months int)
RETURNS int LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
  month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
  partition text;
  lower timestamptz;
  upper timestamptz;
  created int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('attribute_instance_create_partitions'));
  FOR i IN 1..months LOOP
    partition := format('attribute_instance_%s', to_char(month, 'YYYYMM'));
    lower := month AT TIME ZONE 'UTC';
    month := month + interval '1 month';
    upper := month AT TIME ZONE 'UTC';
    IF to_regclass(partition) IS NULL THEN
      -- In the order of all who use the history; nobody adds to the default partition from here on.
      LOCK TABLE ONLY attribute_instance IN SHARE UPDATE EXCLUSIVE MODE;
      LOCK TABLE attribute_instance_other IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('CREATE TABLE %I (LIKE attribute_instance INCLUDING ALL)', partition);
      EXECUTE format(
        'WITH moved AS (DELETE FROM attribute_instance_other
           WHERE time >= %L AND time < %L RETURNING *)
         INSERT INTO %I SELECT * FROM moved', lower, upper, partition);
      EXECUTE format(
        'ALTER TABLE attribute_instance ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition, lower, upper);
      created := created + 1;
    END IF;
  END LOOP;
  RETURN created;
END $$;
