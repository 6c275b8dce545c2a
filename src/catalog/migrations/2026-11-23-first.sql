-- Paths are TEXT where they are UTF-8 and BLOB where the file system holds other bytes: hence ANY.
-- Times of ours are UTC in RFC 3339; times of photos are local, with the offset beside them.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Folders that were scanned. One whose folder is away (an unmounted disk) is offline; its photos stay.
CREATE TABLE roots (
    id         INTEGER PRIMARY KEY,
    path       ANY NOT NULL UNIQUE,
    added_at   TEXT NOT NULL,
    scanned_at TEXT,
    offline    INTEGER NOT NULL DEFAULT 0 CHECK (offline IN (0, 1))
) STRICT;

-- City names from coordinates. The key is what `--place` is compared with: folded names between bars.
CREATE TABLE places (
    id           INTEGER PRIMARY KEY,
    city         TEXT NOT NULL,
    region       TEXT NOT NULL,
    country      TEXT NOT NULL,
    country_code TEXT NOT NULL,
    key          TEXT NOT NULL,
    UNIQUE (city, region, country_code)
) STRICT;

-- A photo is a content, known by the hash of its bytes; where it lies is in `files`.
CREATE TABLE photos (
    id           INTEGER PRIMARY KEY,
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    taken        TEXT,
    taken_offset INTEGER,
    latitude     REAL,
    longitude    REAL,
    place_id     INTEGER REFERENCES places,
    camera       TEXT,
    detector     TEXT NOT NULL,
    scanned_at   TEXT NOT NULL
) STRICT;
CREATE INDEX photos_by_taken ON photos (taken);
CREATE INDEX photos_by_place ON photos (place_id) WHERE place_id IS NOT NULL;

CREATE TABLE files (
    id            INTEGER PRIMARY KEY,
    path          ANY NOT NULL UNIQUE,
    size          INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    photo_id      INTEGER REFERENCES photos,
    problem       TEXT,
    missing_since TEXT,
    CHECK (photo_id IS NOT NULL OR problem IS NOT NULL)
) STRICT;
CREATE INDEX files_by_photo ON files (photo_id);

-- Groups and persons share their numbers: a group becomes a person when it gets a name.
-- AUTOINCREMENT, so that a number once shown never means somebody else.
CREATE TABLE people (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT,
    key        TEXT UNIQUE,
    hidden     INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    created_at TEXT NOT NULL,
    CHECK ((name IS NULL) = (key IS NULL))
) STRICT;

-- Boxes and landmarks are fractions of the upright photo.
CREATE TABLE faces (
    id        INTEGER PRIMARY KEY,
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
    CHECK (state IS NULL OR person_id IS NOT NULL)
) STRICT;
CREATE INDEX faces_by_photo ON faces (photo_id, person_id);
CREATE INDEX faces_by_person ON faces (person_id, photo_id);

-- The faces of photos that lie in some file, be it missing now. A photo that was edited in place lies in none any more:
-- it stays for the day that the old file is restored, and counts for nothing until then.
CREATE VIEW seen_faces AS
SELECT * FROM faces WHERE EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id);

-- A vector is little-endian f32. Vectors of two packs are never compared.
CREATE TABLE embeddings (
    face_id INTEGER NOT NULL REFERENCES faces,
    pack    TEXT NOT NULL,
    vector  BLOB NOT NULL,
    PRIMARY KEY (face_id, pack)
) STRICT;

-- What the user said, in the order it was said. Faces stand in it by photo hash and box,
-- so that it means the same after the tables above were made anew.
CREATE TABLE journal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (json_valid(decision))
) STRICT;
CREATE TRIGGER journal_is_append_only_update BEFORE UPDATE ON journal
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_delete BEFORE DELETE ON journal
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
