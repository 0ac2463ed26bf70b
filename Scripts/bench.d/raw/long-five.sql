\set n random(1, 571)
SELECT attribute, found.document
FROM unnest(ARRAY[:intensity, :speed, :occupancy, :gap, :length]::int[]) AS attribute
CROSS JOIN LATERAL (
  SELECT document, time FROM attribute_instance AS i
  WHERE tenant = 1 AND i.attribute = attribute.attribute
    AND entity = (
      SELECT key FROM entity
      WHERE tenant = 1 AND id = (:crossing)::text || lpad((:n)::text, 6, '0'))
  ORDER BY time DESC LIMIT 100
) AS found
ORDER BY attribute, found.time;
