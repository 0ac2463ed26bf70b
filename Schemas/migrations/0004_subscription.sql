-- Subscriptions and the notifications that they are owed.

CREATE TABLE subscription (
  tenant int NOT NULL,
  key bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,
  created timestamptz NOT NULL,
  modified timestamptz NOT NULL,
  document text NOT NULL,               -- names expanded
  context text NOT NULL,                -- the @context of its notifications
  PRIMARY KEY (tenant, key),
  UNIQUE (tenant, id)
);

-- Counters apart: they change with every notification.
CREATE TABLE subscription_delivery (
  tenant int NOT NULL,
  subscription bigint NOT NULL,         -- subscription.key
  times_sent bigint NOT NULL DEFAULT 0,
  times_failed bigint NOT NULL DEFAULT 0,
  last_notification timestamptz,
  last_success timestamptz,
  last_failure timestamptz,
  PRIMARY KEY (tenant, subscription)
) WITH (fillfactor = 50);

-- Brokers that run. One whose lease has run out is dead: others take over what it owes.
CREATE TABLE broker_process (
  id bigint PRIMARY KEY,
  lease timestamptz NOT NULL
);

CREATE SEQUENCE notification_id INCREMENT 1000;

-- The outbox: rows are written with the change that they report, and removed once delivered.
CREATE TABLE notification (
  tenant int NOT NULL,
  id bigint NOT NULL,                   -- ascending per process
  subscription bigint NOT NULL,
  entity bigint NOT NULL,
  process bigint NOT NULL,              -- broker_process.id of whoever delivers it
  created timestamptz NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  next_attempt timestamptz,
  is_dead boolean NOT NULL DEFAULT false,
  last_error text,
  body text NOT NULL,
  PRIMARY KEY (tenant, id)
) WITH (fillfactor = 90);
CREATE INDEX notification_process ON notification (process, id) WHERE NOT is_dead;
