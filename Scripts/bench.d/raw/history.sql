\set n random(1, 200)
SELECT document FROM attribute_instance
WHERE tenant = 1 AND attribute = :intensity AND time >= now() - interval '24 hours'
  AND entity = (
    SELECT key FROM entity
    WHERE tenant = 1 AND id = (:crossing)::text || lpad((:n)::text, 6, '0'))
ORDER BY time;
