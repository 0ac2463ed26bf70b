-- Subscriptions that are notified by the clock.

-- When a periodic notification is due next. Whoever sends it moves the row on in the same
-- transaction, under an advisory lock: one interval has one notification, whichever broker lives.
CREATE TABLE subscription_period (
  tenant int NOT NULL,
  subscription bigint NOT NULL,         -- subscription.key
  due timestamptz NOT NULL,
  PRIMARY KEY (tenant, subscription)
) WITH (fillfactor = 70);
CREATE INDEX subscription_period_due ON subscription_period (due);

-- Changes of which a subscription with throttling has not been told: of each Entity the last one, as
-- a notification of its own. What has come together becomes one notification in the outbox.
CREATE TABLE throttled_notification (
  tenant int NOT NULL,
  subscription bigint NOT NULL,
  entity bigint NOT NULL,
  id bigint NOT NULL DEFAULT nextval('notification_id'),
  body text NOT NULL,
  PRIMARY KEY (tenant, subscription, entity)
) WITH (fillfactor = 70);
DO $$ BEGIN
  ALTER TABLE throttled_notification ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

-- Until when throttling allows no further notification.
ALTER TABLE subscription_delivery ADD COLUMN quiet_until timestamptz;
