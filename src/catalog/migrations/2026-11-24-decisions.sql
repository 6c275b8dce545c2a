-- A stranger: not listed, not asked about, not counted as company.
ALTER TABLE people ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0 CHECK (ignored IN (0, 1));
-- Birth date, YYYY-MM-DD: nobody is in a photo from before.
ALTER TABLE people ADD COLUMN born TEXT;

DROP VIEW seen_faces;

-- Anew, with AUTOINCREMENT: a face that the user draws and takes back must not leave its number to another. And with
-- `removed`: what a detector took for a face and the user said is none. It stays, so that no scan brings it back.
CREATE TABLE faces_next (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    photo_id  INTEGER NOT NULL REFERENCES photos,
    x         REAL NOT NULL,
    y         REAL NOT NULL,
    width     REAL NOT NULL,
    height    REAL NOT NULL,
    landmarks BLOB NOT NULL CHECK (length(landmarks) = 40),
    score     REAL NOT NULL,
    quality   REAL NOT NULL,
    person_id INTEGER REFERENCES people,
    state     TEXT CHECK (state IN ('auto', 'confirmed', 'manual')),
    removed   INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    CHECK (state IS NULL OR person_id IS NOT NULL)
) STRICT;
INSERT INTO faces_next (id, photo_id, x, y, width, height, landmarks, score, quality, person_id, state)
SELECT id, photo_id, x, y, width, height, landmarks, score, quality, person_id, state FROM faces;
DROP TABLE faces;
ALTER TABLE faces_next RENAME TO faces;
CREATE INDEX faces_by_photo ON faces (photo_id, person_id);
CREATE INDEX faces_by_person ON faces (person_id, photo_id);

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
