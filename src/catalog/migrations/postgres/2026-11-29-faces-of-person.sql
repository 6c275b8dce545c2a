-- With the numbers of the faces, which SQLite has in every index: so that nothing but the index is read for all faces of somebody.
DROP INDEX faces_by_person;
CREATE INDEX faces_by_person ON faces (person_id, photo_id, state) INCLUDE (id);
