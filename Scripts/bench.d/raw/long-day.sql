\set n random(1, 571)
\set day random(1, 360)
SELECT document FROM attribute_instance
WHERE tenant = 1 AND attribute = :intensity
  AND time >= now() - (:day)::int * interval '1 day'
  AND time < now() - ((:day)::int - 1) * interval '1 day'
  AND entity = (
    SELECT key FROM entity
    WHERE tenant = 1 AND id = (:crossing)::text || lpad((:n)::text, 6, '0'))
ORDER BY time;
