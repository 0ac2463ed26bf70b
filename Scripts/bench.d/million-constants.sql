-- NAME=VALUE for the raw statements over a million Entities: numbers of the type and of Attributes.
SELECT 'observations=' || typeset FROM entity WHERE id = 'urn:ngsi-ld:NoiseLevelObserved:000000'
UNION ALL SELECT substring(iri FROM '[^/]*$') || '=' || id FROM name
WHERE iri LIKE '%/temperature' OR iri LIKE '%/no2';
