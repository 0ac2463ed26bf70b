-- Who owns data, and numbers for the names that rows would otherwise repeat.

CREATE TABLE tenant (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,            -- '' is the default tenant
  created timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenant (name) VALUES ('');

-- IRIs of Attributes and types, and datasetIds. 0 stands for "no datasetId" and is never given.
CREATE TABLE name (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  iri text NOT NULL UNIQUE
);

-- Each combination of Entity types in use. A type selection is evaluated over these few rows, and
-- Entities are then found by (tenant, typeset, key) ranges.
CREATE TABLE typeset (
  tenant int NOT NULL REFERENCES tenant,
  id int GENERATED ALWAYS AS IDENTITY,
  types int[] NOT NULL,                 -- name.id, in the order given
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, types)
);
