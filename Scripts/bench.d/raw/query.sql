\set hundredths random(1, 100)
SELECT e.document
FROM (
  SELECT key FROM entity_value
  WHERE tenant = 1 AND typeset = :weather AND attributes @?
    ('$."' || :temperature || '" ? (@.v > ' || 98.5 + (:hundredths)::numeric / 100 || ')')::jsonpath
  ORDER BY key LIMIT 20
) AS page
JOIN entity AS e ON e.tenant = 1 AND e.key = page.key
ORDER BY page.key;
