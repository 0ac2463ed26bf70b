SELECT e.document
FROM (
  SELECT key FROM entity_value
  WHERE tenant = 1 AND typeset = :observations
    AND attributes @? ('$."' || :no2 || '" ? (@.v > ' || :threshold || ')')::jsonpath
  ORDER BY key LIMIT 20
) AS page
JOIN entity AS e ON e.tenant = 1 AND e.key = page.key
ORDER BY page.key;
