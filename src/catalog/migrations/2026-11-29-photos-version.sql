-- A number that changes whenever the order of photos does, or what of them is listed: when and where they were taken, whose shot they are,
-- where they lie, and which folders are offline. So the page, which keeps the order of all photos in memory, reads it again only then.
CREATE TABLE photos_version (version INTEGER NOT NULL) STRICT;
INSERT INTO photos_version VALUES (0);
CREATE TRIGGER photos_version_photo_insert AFTER INSERT ON photos BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_photo_delete AFTER DELETE ON photos BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_photo_update AFTER UPDATE OF taken, shot_of, place_id, latitude, longitude, width, height ON photos
WHEN (old.taken, old.shot_of, old.place_id, old.latitude, old.longitude, old.width, old.height)
    IS NOT (new.taken, new.shot_of, new.place_id, new.latitude, new.longitude, new.width, new.height)
BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_file_insert AFTER INSERT ON files BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_file_delete AFTER DELETE ON files BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_file_update AFTER UPDATE OF path, photo_id, problem, missing_since, machine ON files
WHEN (old.path, old.photo_id, old.problem IS NULL, old.missing_since IS NULL, old.machine)
    IS NOT (new.path, new.photo_id, new.problem IS NULL, new.missing_since IS NULL, new.machine)
BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_root_insert AFTER INSERT ON roots BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_root_delete AFTER DELETE ON roots BEGIN UPDATE photos_version SET version = version + 1; END;
CREATE TRIGGER photos_version_root_update AFTER UPDATE OF path, offline, machine ON roots
BEGIN UPDATE photos_version SET version = version + 1; END;

-- All faces of somebody, and which of them were tagged automatically, without their rows.
DROP INDEX faces_by_person;
CREATE INDEX faces_by_person ON faces (person_id, photo_id, state);

-- What could not be read, without going through all files.
CREATE INDEX files_unreadable ON files (path) WHERE problem IS NOT NULL;
