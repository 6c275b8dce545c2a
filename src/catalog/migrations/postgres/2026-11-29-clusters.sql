-- As of SQLite, see `2026-11-29-clusters.sql` there: the sums of the embeddings of groups and persons, and what makes them outdated.
CREATE TABLE clusters (
    cell      BIGINT NOT NULL,
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
    PRIMARY KEY (cell, person_id, year)
);
CREATE INDEX clusters_by_person ON clusters (person_id, year);
CREATE INDEX clusters_by_faces ON clusters (faces DESC, person_id) WHERE year = -1;
CREATE TABLE cluster_cells (
    cell   BIGINT PRIMARY KEY,
    centre BYTEA NOT NULL
);
CREATE TABLE compared_faces (face_id BIGINT PRIMARY KEY);
CREATE INDEX faces_ungrouped ON faces (recognisability, score) WHERE person_id IS NULL AND NOT removed;
CREATE INDEX people_tagging ON people (id) WHERE name IS NOT NULL OR hidden OR ignored;
ALTER TABLE photos ADD COLUMN year BIGINT GENERATED ALWAYS AS
    (CASE WHEN length(taken) >= 10 AND substr(taken, 1, 4) ~ '^[0-9]{4}$' THEN CAST(substr(taken, 1, 4) AS BIGINT) ELSE 0 END) STORED;
CREATE TABLE outdated_clusters (
    person_id BIGINT NOT NULL,
    year      BIGINT NOT NULL,
    PRIMARY KEY (person_id, year)
);

CREATE FUNCTION clusters_outdated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clusters WHERE person_id = new.person_id AND year IN (-1, new.year);
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_outdated AFTER INSERT ON outdated_clusters FOR EACH ROW EXECUTE FUNCTION clusters_outdated();

-- Lists somebody whose faces in a photo have changed.
CREATE FUNCTION outdate_clusters(person BIGINT, photo BIGINT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outdated_clusters SELECT person, year FROM photos WHERE id = photo AND person IS NOT NULL ON CONFLICT DO NOTHING
$$;
-- Everybody in a photo.
CREATE FUNCTION outdate_clusters_in(photo BIGINT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outdated_clusters SELECT DISTINCT person_id, year FROM faces JOIN photos ON photos.id = photo_id
    WHERE photo_id = photo AND person_id IS NOT NULL ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION clusters_face() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM compared_faces WHERE face_id = old.id;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM outdate_clusters(id, new.photo_id) FROM people WHERE id IN (old.person_id, new.person_id);
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM outdate_clusters(new.person_id, new.photo_id);
    ELSE
        PERFORM outdate_clusters(old.person_id, old.photo_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_face AFTER INSERT OR DELETE OR UPDATE OF person_id, state, removed, score, quality, recognisability ON faces
FOR EACH ROW EXECUTE FUNCTION clusters_face();

CREATE FUNCTION clusters_embedding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    face BIGINT := CASE WHEN TG_OP = 'INSERT' THEN new.face_id ELSE old.face_id END;
BEGIN
    PERFORM outdate_clusters(person_id, photo_id) FROM faces WHERE id = face;
    IF TG_OP = 'INSERT' THEN
        DELETE FROM compared_faces WHERE face_id = face;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_embedding AFTER INSERT OR DELETE ON embeddings FOR EACH ROW EXECUTE FUNCTION clusters_embedding();

CREATE FUNCTION clusters_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outdated_clusters SELECT DISTINCT person_id, old.year FROM faces WHERE photo_id = new.id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO outdated_clusters SELECT DISTINCT person_id, new.year FROM faces WHERE photo_id = new.id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_photo AFTER UPDATE OF taken ON photos
FOR EACH ROW WHEN (old.taken IS DISTINCT FROM new.taken) EXECUTE FUNCTION clusters_photo();

-- A photo counts while it lies in some file.
CREATE FUNCTION clusters_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM outdate_clusters_in(old.photo_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM outdate_clusters_in(new.photo_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_file_kept AFTER INSERT OR DELETE ON files FOR EACH ROW EXECUTE FUNCTION clusters_file();
CREATE TRIGGER clusters_file_changed AFTER UPDATE OF photo_id ON files
FOR EACH ROW WHEN (old.photo_id IS DISTINCT FROM new.photo_id) EXECUTE FUNCTION clusters_file();

CREATE FUNCTION clusters_person_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clusters WHERE person_id = old.id;
    DELETE FROM outdated_clusters WHERE person_id = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_person_deleted AFTER DELETE ON people FOR EACH ROW EXECUTE FUNCTION clusters_person_deleted();

-- Groups without faces are listed too, once nothing else holds them: they are to be dropped.
CREATE FUNCTION clusters_empty() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    person BIGINT := CASE WHEN TG_TABLE_NAME = 'people' THEN (to_jsonb(new) ->> 'id')::BIGINT ELSE (to_jsonb(old) ->> 'person_id')::BIGINT END;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM faces WHERE person_id = person) THEN
        INSERT INTO outdated_clusters VALUES (person, 0) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER clusters_person_updated AFTER UPDATE OF name, hidden, ignored, born, cover ON people
FOR EACH ROW EXECUTE FUNCTION clusters_empty();
CREATE TRIGGER clusters_rejection_deleted AFTER DELETE ON rejections FOR EACH ROW EXECUTE FUNCTION clusters_empty();
