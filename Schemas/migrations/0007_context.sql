-- JSON-LD contexts: those that users host here, those that the broker hosts for them, and copies of
-- remote ones. Few, and never changed but for copies: caches need to be told of removals alone.

CREATE TABLE context (
  id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  kind text NOT NULL CHECK (kind IN ('Hosted', 'Cached', 'ImplicitlyCreated')),
  tenant int CHECK ((tenant IS NULL) = (kind = 'Cached')), -- a copy is everyone's
  url text UNIQUE CHECK ((url IS NULL) = (kind <> 'Cached')), -- of a copy, as it was asked for
  base text,                            -- of a copy: where it was found, after redirects
  body text NOT NULL,                   -- the value of @context
  created timestamptz NOT NULL DEFAULT now(),
  loaded timestamptz NOT NULL DEFAULT now(),
  expires timestamptz,                  -- of a copy: when it is asked for again
  last_usage timestamptz,
  hits bigint NOT NULL DEFAULT 0
);
DO $$ BEGIN
  ALTER TABLE context ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
CREATE INDEX context_tenant ON context (tenant, created, id);

-- The same context is hosted for a tenant once.
CREATE UNIQUE INDEX context_implicit ON context (tenant, md5(body))
  WHERE kind = 'ImplicitlyCreated';
