-- Places are found with outlines of countries, states and municipalities from now on; `Writer::renew_places` fills this after the
-- migration.
UPDATE photos SET place_id = NULL WHERE place_id IS NOT NULL;
DELETE FROM places;
