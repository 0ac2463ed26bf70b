\set n random(1, 10000)
SELECT document FROM entity
WHERE tenant = 1 AND id = (:station)::text || lpad((:n)::text, 6, '0');
