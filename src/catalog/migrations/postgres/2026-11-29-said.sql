-- Whether the user has said anything of somebody's faces, without reading all of them.
CREATE INDEX faces_said ON faces (person_id) WHERE state IS NOT NULL;
