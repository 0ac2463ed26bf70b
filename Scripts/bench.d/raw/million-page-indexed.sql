SELECT e.document
FROM (
  SELECT key FROM attribute_index
  WHERE tenant = 1 AND attribute = :temperature AND typeset = :observations AND number > :threshold
  ORDER BY key LIMIT 20
) AS page
JOIN entity AS e ON e.tenant = 1 AND e.key = page.key
ORDER BY page.key;
