-- The year of a face's photo, 0 where it is not known: so that what changes in one year of somebody seen often is computed without
-- reading the photos of all other years.
ALTER TABLE faces ADD COLUMN photo_year INTEGER NOT NULL DEFAULT 0;
UPDATE faces SET photo_year = (SELECT year FROM photos WHERE id = photo_id);
CREATE INDEX faces_by_year ON faces (person_id, photo_year) WHERE person_id IS NOT NULL;
CREATE TRIGGER faces_year_insert AFTER INSERT ON faces BEGIN
    UPDATE faces SET photo_year = (SELECT year FROM photos WHERE id = new.photo_id)
    WHERE id = new.id AND photo_year <> (SELECT year FROM photos WHERE id = new.photo_id);
END;
CREATE TRIGGER faces_year_photo AFTER UPDATE OF taken ON photos WHEN old.year <> new.year BEGIN
    UPDATE faces SET photo_year = new.year WHERE photo_id = new.id;
END;
