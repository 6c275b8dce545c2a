-- As of SQLite, see `2026-11-29-photos-version.sql` there. Changed once in a transaction: those that write wait for each other.
CREATE TABLE photos_version (version BIGINT NOT NULL, changed_by BIGINT NOT NULL DEFAULT 0);
INSERT INTO photos_version VALUES (0);
CREATE FUNCTION photos_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE photos_version SET version = version + 1, changed_by = txid_current() WHERE changed_by <> txid_current();
    RETURN NULL;
END $$;
CREATE TRIGGER photos_version AFTER INSERT OR DELETE OR UPDATE OF taken, shot_of, place_id, latitude, longitude, width, height ON photos
FOR EACH STATEMENT EXECUTE FUNCTION photos_version();
CREATE TRIGGER photos_version AFTER INSERT OR DELETE OR UPDATE OF path, photo_id, problem, missing_since, machine ON files
FOR EACH STATEMENT EXECUTE FUNCTION photos_version();
CREATE TRIGGER photos_version AFTER INSERT OR DELETE OR UPDATE OF path, offline, machine ON roots
FOR EACH STATEMENT EXECUTE FUNCTION photos_version();

DROP INDEX faces_by_person;
CREATE INDEX faces_by_person ON faces (person_id, photo_id, state);

-- What could not be read, without going through all files.
CREATE INDEX files_unreadable ON files (path) WHERE problem IS NOT NULL;
