SELECT count(*) FROM entity_value
WHERE tenant = 1 AND typeset = :observations
  AND attributes @? ('$."' || :no2 || '" ? (@.v > ' || :threshold || ')')::jsonpath;
