-- Faces that nobody can recognise, to be counted and listed: most faces of a crowd.
CREATE INDEX faces_unrecognisable ON faces (photo_id) WHERE person_id IS NULL AND NOT removed AND recognisability < 0.5;
