-- Context Source Registrations, and subscriptions to them.

CREATE TABLE registration (
  tenant int NOT NULL,
  key bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,
  version bigint NOT NULL,              -- registration_clock, at its last change
  created timestamptz NOT NULL,
  modified timestamptz NOT NULL,
  expires timestamptz,
  document text NOT NULL,               -- names expanded
  -- What filters look at, as entity_value has it of Entities.
  attrs int[] NOT NULL,
  scopes text[],
  attributes jsonb NOT NULL,
  -- When the source has data; both NULL: what is now.
  observed tstzrange,
  managed tstzrange,
  PRIMARY KEY (tenant, key),
  UNIQUE (tenant, id)
);
CREATE INDEX registration_version ON registration (version);
CREATE INDEX registration_expires ON registration (expires) WHERE expires IS NOT NULL;

-- Where the source has data.
CREATE TABLE registration_geo (
  tenant int NOT NULL,
  registration bigint NOT NULL,         -- registration.key
  attribute int NOT NULL,
  place int NOT NULL,
  geo geography NOT NULL,
  PRIMARY KEY (tenant, registration, attribute, place)
);
CREATE INDEX registration_geo_geo ON registration_geo USING gist (geo);

-- As subscription_clock and subscription_deleted: what caches have to read or to forget.
CREATE TABLE registration_clock (version bigint NOT NULL);
INSERT INTO registration_clock VALUES (0);
CREATE TABLE registration_deleted (
  version bigint PRIMARY KEY,
  registration bigint NOT NULL,
  deleted timestamptz NOT NULL DEFAULT now()
);

-- Counters apart: they change with every request to the source.
CREATE TABLE registration_request (
  tenant int NOT NULL,
  registration bigint NOT NULL,         -- registration.key
  times_sent bigint NOT NULL DEFAULT 0,
  times_failed bigint NOT NULL DEFAULT 0,
  last_success timestamptz,
  last_failure timestamptz,
  PRIMARY KEY (tenant, registration)
) WITH (fillfactor = 50);

-- Subscriptions to registrations share the tables of those to Entities, since they are notified in
-- the same way; their ids are apart.
ALTER TABLE subscription ADD COLUMN of_registrations boolean NOT NULL DEFAULT false;
ALTER TABLE subscription DROP CONSTRAINT subscription_tenant_id_key;
ALTER TABLE subscription ADD UNIQUE (tenant, of_registrations, id);
