\set day random(1, 360)
SELECT entity.id, found.hour, found.avg
FROM (
  SELECT key, id FROM entity WHERE tenant = 1 AND typeset = :crossings ORDER BY key LIMIT 100
) AS entity
CROSS JOIN LATERAL (
  SELECT date_bin('1 hour', time, now() - (:day)::int * interval '1 day') AS hour, avg(number)
  FROM attribute_instance
  WHERE tenant = 1 AND attribute = :intensity AND entity = entity.key
    AND time >= now() - (:day)::int * interval '1 day'
    AND time < now() - ((:day)::int - 1) * interval '1 day'
  GROUP BY 1
) AS found
ORDER BY entity.key, found.hour;
