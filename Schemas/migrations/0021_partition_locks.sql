-- A new partition needs the default one for itself. Who waits for it has all later readers of the
-- history wait, too: brokers give up soon, and try again hours later, months before it is needed.
ALTER FUNCTION attribute_instance_create_partitions(timestamptz, int) SET lock_timeout = '1s';
