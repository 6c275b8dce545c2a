-- A stranger: not listed, not asked about, not counted as company.
ALTER TABLE people ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0 CHECK (ignored IN (0, 1));
-- Birth date, YYYY-MM-DD: nobody is in a photo from before.
ALTER TABLE people ADD COLUMN born TEXT;

-- What a detector took for a face and the user said is none. It stays, so that no scan brings it back.
ALTER TABLE faces ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1));

DROP VIEW seen_faces;
CREATE VIEW seen_faces AS
SELECT * FROM faces
WHERE NOT removed AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id);

-- The user said that this face is not this person's: it is neither tagged so nor asked about again.
CREATE TABLE rejections (
    face_id   INTEGER NOT NULL REFERENCES faces,
    person_id INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
    PRIMARY KEY (face_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rejections_by_person ON rejections (person_id);

-- How to take back what a line of the journal changed: statements, to be carried out from the last to the first.
CREATE TABLE changes (
    id   INTEGER PRIMARY KEY,
    line INTEGER NOT NULL REFERENCES journal,
    undo TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_line ON changes (line);
