-- Event streams, and header fields of requests that notifications repeat.

-- How many events a subscription has had. Whoever adds some locks the row until its commit, so that
-- events are numbered without gaps in the order of commits, and who has read one has seen all before.
CREATE TABLE event_stream (
  tenant int NOT NULL,
  subscription bigint NOT NULL,         -- subscription.key
  last bigint NOT NULL,
  PRIMARY KEY (tenant, subscription)
) WITH (fillfactor = 50);

-- Notifications of subscriptions that are streamed, kept for a while.
CREATE TABLE event (
  tenant int NOT NULL,
  subscription bigint NOT NULL,
  number bigint NOT NULL,               -- from 1 on
  created timestamptz NOT NULL DEFAULT now(),
  body text NOT NULL,
  PRIMARY KEY (tenant, subscription, number)
);
DO $$ BEGIN
  ALTER TABLE event ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
CREATE INDEX event_created ON event USING brin (created) WITH (pages_per_range = 16);

-- Until when the notifications of a subscription with another endpoint are kept as events too.
ALTER TABLE subscription ADD COLUMN streamed_until timestamptz;

-- Header fields of the request that made the change, as a JSON object, where the receiver is to be
-- given them.
ALTER TABLE notification ADD COLUMN headers text;
ALTER TABLE dead_notification ADD COLUMN headers text;
