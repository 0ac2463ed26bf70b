\set n random(1, 571)
\set day random(1, 360)
SELECT attribute, date_bin('1 hour', time, now() - (:day)::int * interval '1 day') AS hour,
  avg(number)
FROM attribute_instance
WHERE tenant = 1 AND attribute = ANY (ARRAY[:intensity, :speed, :occupancy, :gap, :length]::int[])
  AND time >= now() - (:day)::int * interval '1 day'
  AND time < now() - ((:day)::int - 1) * interval '1 day'
  AND entity = (
    SELECT key FROM entity
    WHERE tenant = 1 AND id = (:crossing)::text || lpad((:n)::text, 6, '0'))
GROUP BY 1, 2
ORDER BY 1, 2;
