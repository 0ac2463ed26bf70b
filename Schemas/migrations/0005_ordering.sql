-- How values of different types are ordered (GS CIM 009, 4.23): first by type, then by number or
-- text, arrays element by element. Values are those of entity_value, in which a string that denotes
-- a time is an object.

CREATE FUNCTION ordering_type(value jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'number' THEN 1
    WHEN 'string' THEN 2
    WHEN 'object' THEN CASE
      WHEN value ? '@time' THEN 6
      WHEN value ? '@day' THEN 7
      WHEN value ? '@instant' THEN 8
      ELSE 3 END
    WHEN 'array' THEN 4
    WHEN 'boolean' THEN 5
    WHEN 'null' THEN 9
    ELSE 10 END
$$;

CREATE FUNCTION ordering_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE ordering_type(value)
    WHEN 1 THEN value::numeric
    WHEN 5 THEN value::boolean::int::numeric
    WHEN 8 THEN (value -> '@instant')::numeric END
$$;

CREATE FUNCTION ordering_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE ordering_type(value)
    WHEN 2 THEN value #>> '{}'
    WHEN 3 THEN value::text
    WHEN 6 THEN value ->> '@time'
    WHEN 7 THEN value ->> '@day' END
$$;

-- Strings within arrays stand in the order of code points: a type has one collation for all.
CREATE TYPE ordering_element AS (type int, number numeric, text text COLLATE "C");

CREATE FUNCTION ordering_elements(value jsonb) RETURNS ordering_element[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    array_agg(
      ROW(ordering_type(element), ordering_number(element), ordering_text(element))
        ::ordering_element
      ORDER BY place),
    '{}')
  FROM jsonb_array_elements(value) WITH ORDINALITY AS elements (element, place)
$$;
