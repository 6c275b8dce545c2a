-- The machines that use a library in a database, see `src/catalog/machines.rs`. What belongs to a machine has its number: 0 in a library in
-- a folder, where it is whichever machine opens it, so that it can be taken to another.
CREATE TABLE machines (
    id      INTEGER PRIMARY KEY,
    -- Random, kept by the machine.
    key     TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    version TEXT,
    pack    TEXT,
    -- Seconds since 1970, by the clock of the server.
    seen    INTEGER,
    -- Photos that its last scan read per second.
    rate    REAL
) STRICT;
CREATE VIEW here AS SELECT 0 AS machine;

-- Roots, files and originals are known by their machine and path.
CREATE TABLE roots_next (
    id           INTEGER PRIMARY KEY,
    path         ANY NOT NULL,
    added_at     TEXT NOT NULL,
    scanned_at   TEXT,
    offline      INTEGER NOT NULL DEFAULT 0 CHECK (offline IN (0, 1)),
    excluded     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(excluded)),
    follow_links INTEGER NOT NULL DEFAULT 0 CHECK (follow_links IN (0, 1)),
    skipped      TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(skipped)),
    machine      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (path, machine)
) STRICT;
INSERT INTO roots_next (id, path, added_at, scanned_at, offline, excluded, follow_links, skipped)
SELECT id, path, added_at, scanned_at, offline, excluded, follow_links, skipped FROM roots;
DROP TABLE roots;
ALTER TABLE roots_next RENAME TO roots;

DROP VIEW seen_faces;
CREATE TABLE files_next (
    id            INTEGER PRIMARY KEY,
    path          ANY NOT NULL,
    size          INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    photo_id      INTEGER REFERENCES photos,
    problem       TEXT,
    missing_since TEXT,
    changed       INTEGER,
    beside        TEXT CHECK (json_valid(beside)),
    machine       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (path, machine),
    CHECK (photo_id IS NOT NULL OR problem IS NOT NULL)
) STRICT;
INSERT INTO files_next (id, path, size, modified, photo_id, problem, missing_since, changed, beside)
SELECT id, path, size, modified, photo_id, problem, missing_since, changed, beside FROM files;
DROP TABLE files;
ALTER TABLE files_next RENAME TO files;
CREATE INDEX files_by_photo ON files (photo_id);
CREATE VIEW seen_faces AS
SELECT * FROM faces
WHERE NOT removed AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id);

CREATE TABLE originals_next (
    path    ANY NOT NULL,
    hash    BLOB NOT NULL,
    machine INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (path, machine)
) STRICT, WITHOUT ROWID;
INSERT INTO originals_next (path, hash) SELECT path, hash FROM originals;
DROP TABLE originals;
ALTER TABLE originals_next RENAME TO originals;

-- The triggers of `files`, which went with the old table. Those of the clusters are as in `2026-11-29-clusters.sql`.
CREATE TRIGGER originals_insert AFTER INSERT ON files WHEN new.photo_id IS NOT NULL
BEGIN INSERT INTO originals (machine, path, hash) SELECT new.machine, new.path, hash FROM photos WHERE id = new.photo_id
      AND NOT EXISTS (SELECT 1 FROM originals WHERE machine = new.machine AND path = new.path); END;
CREATE TRIGGER originals_update AFTER UPDATE OF photo_id ON files WHEN new.photo_id IS NOT NULL
BEGIN INSERT INTO originals (machine, path, hash) SELECT new.machine, new.path, hash FROM photos WHERE id = new.photo_id
      AND NOT EXISTS (SELECT 1 FROM originals WHERE machine = new.machine AND path = new.path); END;
CREATE TRIGGER originals_move AFTER UPDATE OF path ON files WHEN new.path IS NOT old.path
BEGIN DELETE FROM originals WHERE machine = new.machine AND path = new.path;
      UPDATE originals SET path = new.path WHERE machine = old.machine AND path = old.path; END;
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
