-- As of SQLite, see `2026-11-30-gained-clusters.sql` there: what the newest decision added to the sums of a person's year. Its other
-- migration of that day has no counterpart here: a row that changes is written anew to every index anyway.
CREATE TABLE gained_clusters (
    line      BIGINT NOT NULL,
    into_id   BIGINT NOT NULL,
    moved     BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    year      BIGINT NOT NULL,
    faces     BIGINT NOT NULL,
    sum       BYTEA NOT NULL,
    cohort    DOUBLE PRECISION NOT NULL,
    first_day TEXT COLLATE "C",
    last_day  TEXT COLLATE "C",
    poor      BOOLEAN NOT NULL,
    tiny      BOOLEAN NOT NULL,
    clear     BOOLEAN NOT NULL,
    PRIMARY KEY (into_id, year, person_id)
);
CREATE OR REPLACE FUNCTION clusters_outdated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clusters WHERE person_id = new.person_id AND year IN (-1, new.year);
    DELETE FROM gained_clusters WHERE into_id = new.person_id AND year = new.year;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION clusters_person_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clusters WHERE person_id = old.id;
    DELETE FROM gained_clusters WHERE into_id = old.id;
    DELETE FROM outdated_clusters WHERE person_id = old.id;
    RETURN NULL;
END $$;

-- An embedding that takes the place of another is one that changed.
CREATE TRIGGER clusters_embedding_update AFTER UPDATE ON embeddings FOR EACH ROW EXECUTE FUNCTION clusters_embedding();
CREATE OR REPLACE FUNCTION clusters_embedding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    face BIGINT := CASE WHEN TG_OP = 'DELETE' THEN old.face_id ELSE new.face_id END;
BEGIN
    PERFORM outdate_clusters(person_id, photo_id) FROM faces WHERE id = face;
    IF TG_OP <> 'DELETE' THEN
        DELETE FROM compared_faces WHERE face_id = face;
    END IF;
    RETURN NULL;
END $$;
