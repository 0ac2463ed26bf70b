\set n random(1, 571)
SELECT document FROM attribute_instance
WHERE tenant = 1 AND attribute = :intensity
  AND entity = (
    SELECT key FROM entity
    WHERE tenant = 1 AND id = (:crossing)::text || lpad((:n)::text, 6, '0'))
ORDER BY time DESC LIMIT 1;
