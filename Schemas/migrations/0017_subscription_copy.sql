-- Subscriptions that hear of what Context Sources have.

-- Whether a subscription is of those; how whoever made it calls this broker, which sources then call
-- so too (NULL where nobody knows); and the Via fields of the request.
ALTER TABLE subscription
  ADD COLUMN distributed boolean NOT NULL DEFAULT false,
  ADD COLUMN broker_url text,
  ADD COLUMN via text NOT NULL DEFAULT '';
UPDATE subscription SET distributed = true
WHERE NOT of_registrations AND document::json ->> 'localOnly' IS DISTINCT FROM 'true';

-- Up to which changes of subscriptions and of registrations it is known which copies there are to be.
CREATE TABLE subscription_copy_plan (
  subscriptions bigint NOT NULL DEFAULT 0,  -- subscription_clock
  registrations bigint NOT NULL DEFAULT 0,  -- registration_clock
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only)
);
INSERT INTO subscription_copy_plan DEFAULT VALUES;

-- Copies of subscriptions at Context Sources: as they are to be, and as they are. Whoever finds both
-- to differ takes a lease, asks the source for what is missing, and writes down what came of it.
CREATE TABLE subscription_copy (
  tenant int NOT NULL,
  key bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,                     -- of the copy, made here; nobody can guess it
  given_id text,                        -- what the source calls it, if otherwise
  subscription bigint NOT NULL,         -- subscription.key
  registration bigint NOT NULL,         -- registration.key
  part int NOT NULL,                    -- of the registration
  source text NOT NULL,                 -- the registration, which outlives itself here
  wanted text,                          -- the copy as it is to be; NULL: it is to go
  present text,                         -- as the source has it, as far as is known
  is_sent boolean NOT NULL DEFAULT false, -- whether the source may have it
  revision bigint NOT NULL DEFAULT 0,   -- counts changes of what is to be
  changed timestamptz NOT NULL DEFAULT now(), -- the last of them
  attempts int NOT NULL DEFAULT 0,      -- that failed, one after the other
  due timestamptz DEFAULT now(),        -- NULL: nothing is to be done
  lease timestamptz,                    -- somebody is at it until then
  last_error text,
  PRIMARY KEY (tenant, key)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX subscription_copy_id ON subscription_copy (id);
CREATE INDEX subscription_copy_given_id ON subscription_copy (given_id) WHERE given_id IS NOT NULL;
CREATE INDEX subscription_copy_subscription ON subscription_copy (tenant, subscription);
CREATE INDEX subscription_copy_due ON subscription_copy (due) WHERE due IS NOT NULL;

-- Periodic notifications that wait for what sources answer: until then another process leaves them
-- to the one that asks.
ALTER TABLE subscription_period ADD COLUMN lease timestamptz;
