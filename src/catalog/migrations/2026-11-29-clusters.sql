-- What grouping knows of each group and person that has faces: sums of their embeddings, so that a decision need not read all of
-- them. Derived from `faces` and `embeddings`, for the pack in the setting `clusters`: `src/people/index.rs` fills in what is missing.
CREATE TABLE clusters (
    -- The cell of similar embeddings in which the row is found; -1 for too few faces to be compared on their own.
    cell      INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    -- That of the photos, 0 where it is not known; -1 for all years together. A person of a single year has only that row.
    year      INTEGER NOT NULL,
    faces     INTEGER NOT NULL,
    -- The sum of the faces' embeddings, little-endian f32.
    sum       BLOB NOT NULL,
    -- The sum of how similar they are to people in general.
    cohort    REAL NOT NULL,
    first_day TEXT,
    last_day  TEXT,
    poor      INTEGER NOT NULL CHECK (poor IN (0, 1)),
    tiny      INTEGER NOT NULL CHECK (tiny IN (0, 1)),
    clear     INTEGER NOT NULL CHECK (clear IN (0, 1)),
    PRIMARY KEY (cell, person_id, year)
) STRICT, WITHOUT ROWID;
CREATE INDEX clusters_by_person ON clusters (person_id, year);
CREATE INDEX clusters_by_faces ON clusters (faces DESC, person_id) WHERE year = -1;

-- The centres of the cells, little-endian f32.
CREATE TABLE cluster_cells (
    cell   INTEGER PRIMARY KEY,
    centre BLOB NOT NULL
) STRICT;

-- Faces without a group that were compared with all others, and joined none.
CREATE TABLE compared_faces (face_id INTEGER PRIMARY KEY) STRICT;

-- The faces that may be waiting for a group, and the people whom faces are tagged with.
CREATE INDEX faces_ungrouped ON faces (recognisability, score) WHERE person_id IS NULL AND NOT removed;
CREATE INDEX people_tagging ON people (id) WHERE name IS NOT NULL OR hidden OR ignored;

-- The year of a photo whose day is known, or 0.
ALTER TABLE photos ADD COLUMN year INTEGER
    AS (CASE WHEN length(taken) >= 10 THEN CAST(substr(taken, 1, 4) AS INTEGER) ELSE 0 END) VIRTUAL;

-- Whatever changes a face lists whose it is and was here, and deletes the rows that it is in: so nothing of a forgotten face stays.
CREATE TABLE outdated_clusters (
    person_id INTEGER NOT NULL,
    year      INTEGER NOT NULL,
    PRIMARY KEY (person_id, year)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER clusters_outdated AFTER INSERT ON outdated_clusters
BEGIN DELETE FROM clusters WHERE person_id = new.person_id AND year IN (-1, new.year); END;

CREATE TRIGGER clusters_face_insert AFTER INSERT ON faces WHEN new.person_id IS NOT NULL BEGIN
    INSERT INTO outdated_clusters SELECT new.person_id, year FROM photos WHERE id = new.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_face_update AFTER UPDATE OF person_id, state, removed, score, quality, recognisability ON faces BEGIN
    INSERT INTO outdated_clusters
    SELECT old.person_id, year FROM photos WHERE id = old.photo_id AND old.person_id IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO outdated_clusters
    SELECT new.person_id, year FROM photos WHERE id = new.photo_id AND new.person_id IS NOT NULL ON CONFLICT DO NOTHING;
    DELETE FROM compared_faces WHERE face_id = new.id;
END;
CREATE TRIGGER clusters_face_delete AFTER DELETE ON faces BEGIN
    INSERT INTO outdated_clusters
    SELECT old.person_id, year FROM photos WHERE id = old.photo_id AND old.person_id IS NOT NULL ON CONFLICT DO NOTHING;
    DELETE FROM compared_faces WHERE face_id = old.id;
END;
CREATE TRIGGER clusters_embedding_insert AFTER INSERT ON embeddings BEGIN
    INSERT INTO outdated_clusters
    SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = new.face_id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    DELETE FROM compared_faces WHERE face_id = new.face_id;
END;
CREATE TRIGGER clusters_embedding_update AFTER UPDATE ON embeddings BEGIN
    INSERT INTO outdated_clusters
    SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = new.face_id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    DELETE FROM compared_faces WHERE face_id = new.face_id;
END;
CREATE TRIGGER clusters_embedding_delete AFTER DELETE ON embeddings BEGIN
    INSERT INTO outdated_clusters
    SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = old.face_id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_photo_update AFTER UPDATE OF taken ON photos WHEN old.year <> new.year OR old.taken IS NOT new.taken BEGIN
    INSERT INTO outdated_clusters SELECT person_id, old.year FROM faces WHERE photo_id = new.id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO outdated_clusters SELECT person_id, new.year FROM faces WHERE photo_id = new.id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
END;
-- A photo counts while it lies in some file.
CREATE TRIGGER clusters_file_insert AFTER INSERT ON files WHEN new.photo_id IS NOT NULL BEGIN
    INSERT INTO outdated_clusters SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id
    WHERE photo_id = new.photo_id AND person_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_file_update AFTER UPDATE OF photo_id ON files WHEN old.photo_id IS NOT new.photo_id BEGIN
    INSERT INTO outdated_clusters SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id
    WHERE photo_id IN (old.photo_id, new.photo_id) AND person_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_file_delete AFTER DELETE ON files WHEN old.photo_id IS NOT NULL BEGIN
    INSERT INTO outdated_clusters SELECT person_id, year FROM faces JOIN photos ON photos.id = photo_id
    WHERE photo_id = old.photo_id AND person_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_person_delete AFTER DELETE ON people BEGIN
    DELETE FROM clusters WHERE person_id = old.id;
    DELETE FROM outdated_clusters WHERE person_id = old.id;
END;
-- Groups without faces are listed too, once nothing else holds them: they are to be dropped.
CREATE TRIGGER clusters_person_update AFTER UPDATE OF name, hidden, ignored, born, cover ON people
WHEN NOT EXISTS (SELECT 1 FROM faces WHERE person_id = new.id) BEGIN
    INSERT INTO outdated_clusters VALUES (new.id, 0) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER clusters_rejection_delete AFTER DELETE ON rejections
WHEN NOT EXISTS (SELECT 1 FROM faces WHERE person_id = old.person_id) BEGIN
    INSERT INTO outdated_clusters VALUES (old.person_id, 0) ON CONFLICT DO NOTHING;
END;
