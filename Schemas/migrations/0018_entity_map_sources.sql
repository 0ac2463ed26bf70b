-- EntityMaps over Context Sources: the registrations whose sources were asked; null where all of a
-- map is held here.
ALTER TABLE entity_map ADD COLUMN sources text[];
