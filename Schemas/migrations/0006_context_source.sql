-- What tells this Context Source from others; all its processes share it.
CREATE TABLE context_source (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only)
);
INSERT INTO context_source DEFAULT VALUES;
