-- As of SQLite, see `2026-11-29-face-years.sql` there: the year of a face's photo.
ALTER TABLE faces ADD COLUMN photo_year BIGINT NOT NULL DEFAULT 0;
UPDATE faces SET photo_year = photos.year FROM photos WHERE photos.id = photo_id;
CREATE INDEX faces_by_year ON faces (person_id, photo_year) WHERE person_id IS NOT NULL;
CREATE OR REPLACE VIEW seen_faces AS
SELECT * FROM faces
WHERE NOT removed AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id);
CREATE FUNCTION faces_year() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.photo_year := coalesce((SELECT year FROM photos WHERE id = new.photo_id), 0);
    RETURN new;
END $$;
CREATE TRIGGER faces_year BEFORE INSERT ON faces FOR EACH ROW EXECUTE FUNCTION faces_year();
CREATE FUNCTION faces_year_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE faces SET photo_year = new.year WHERE photo_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER faces_year_photo AFTER UPDATE OF taken ON photos
FOR EACH ROW WHEN (old.year <> new.year) EXECUTE FUNCTION faces_year_photo();
