-- NAME=VALUE for the raw statements over a long history.
SELECT substring(iri FROM '[^/]*$') || '=' || id FROM name
WHERE iri ~ '/(intensity|speed|occupancy|gap|length)$'
UNION ALL SELECT 'crossing=urn:ngsi-ld:TrafficFlowObserved:'
UNION ALL SELECT 'crossings=' || typeset FROM entity
WHERE id = 'urn:ngsi-ld:TrafficFlowObserved:000001';
