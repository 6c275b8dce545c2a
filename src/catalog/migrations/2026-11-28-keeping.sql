-- A random number that every transaction changes, behind the one before: so that a log is known to follow on its file, and that
-- of another library, or of another state of this one, is not taken for it.
INSERT INTO settings (key, value) VALUES ('writes', lower(hex(randomblob(8))) || ':' || lower(hex(randomblob(8))))
ON CONFLICT DO NOTHING;

-- The content that each file had when it was scanned first, for `facetag check --photos-untouched`. It outlives a rebuild.
CREATE TABLE originals (
    path ANY PRIMARY KEY,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO originals SELECT path, hash FROM files JOIN photos ON photos.id = photo_id;
CREATE TRIGGER originals_insert AFTER INSERT ON files WHEN new.photo_id IS NOT NULL
BEGIN INSERT INTO originals SELECT new.path, hash FROM photos WHERE id = new.photo_id
      AND NOT EXISTS (SELECT 1 FROM originals WHERE path = new.path); END;
CREATE TRIGGER originals_update AFTER UPDATE OF photo_id ON files WHEN new.photo_id IS NOT NULL
BEGIN INSERT INTO originals SELECT new.path, hash FROM photos WHERE id = new.photo_id
      AND NOT EXISTS (SELECT 1 FROM originals WHERE path = new.path); END;
CREATE TRIGGER originals_move AFTER UPDATE OF path ON files WHEN new.path IS NOT old.path
BEGIN DELETE FROM originals WHERE path = new.path; UPDATE originals SET path = new.path WHERE path = old.path; END;

-- Faces that `facetag forget` removed: where they are in which content, and nothing of whom they show. No scan finds them again.
CREATE TABLE forgotten_faces (
    photo  BLOB NOT NULL,
    x      REAL NOT NULL,
    y      REAL NOT NULL,
    width  REAL NOT NULL,
    height REAL NOT NULL
) STRICT;
CREATE INDEX forgotten_faces_by_photo ON forgotten_faces (photo);
-- Folders that it removed, by the BLAKE3 of their path.
CREATE TABLE forgotten_folders (path BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
