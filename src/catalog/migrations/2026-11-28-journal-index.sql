-- What the journal says, in columns: derived from it line by line, so that a page, an undo or a scan reads only the lines
-- that it needs. `src/catalog/index.rs` fills these tables, from the first line on where they are behind the journal.
CREATE TABLE lines (
    line   INTEGER PRIMARY KEY REFERENCES journal,
    -- The decision that the line is about in the end: itself, or the one that it takes back or does again.
    origin INTEGER NOT NULL,
    role   TEXT NOT NULL CHECK (role IN ('decision', 'undo', 'edit')),
    -- A decision stands, the first time or again; an undo can be taken back.
    active INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;
CREATE INDEX lines_active ON lines (role, line) WHERE active;
CREATE INDEX lines_by_origin ON lines (origin);

-- What a decision says of a face, which is known by the hash of its photo and its box.
CREATE TABLE words (
    id     INTEGER PRIMARY KEY,
    line   INTEGER NOT NULL REFERENCES journal,
    photo  BLOB NOT NULL,
    x      REAL NOT NULL,
    y      REAL NOT NULL,
    width  REAL NOT NULL,
    height REAL NOT NULL,
    word   TEXT NOT NULL CHECK (word IN ('is', 'is-not', 'drawn', 'no-face')),
    person INTEGER,
    CHECK ((person IS NULL) = (word = 'no-face'))
) STRICT;
CREATE INDEX words_by_photo ON words (photo);
CREATE INDEX words_by_line ON words (line);

-- The people that a decision is about.
CREATE TABLE line_people (
    person INTEGER NOT NULL,
    line   INTEGER NOT NULL REFERENCES journal,
    PRIMARY KEY (person, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_people_by_line ON line_people (line);

CREATE TABLE merges (
    line      INTEGER PRIMARY KEY REFERENCES journal,
    from_id   INTEGER NOT NULL,
    into_id   INTEGER NOT NULL
) STRICT;
CREATE INDEX merges_by_from ON merges (from_id);

-- Which face became which when its photo was edited in place.
CREATE TABLE edits (
    id         INTEGER PRIMARY KEY,
    line       INTEGER NOT NULL REFERENCES journal,
    old_photo  BLOB NOT NULL,
    old_x      REAL NOT NULL,
    old_y      REAL NOT NULL,
    old_width  REAL NOT NULL,
    old_height REAL NOT NULL,
    new_photo  BLOB NOT NULL,
    new_x      REAL NOT NULL,
    new_y      REAL NOT NULL,
    new_width  REAL NOT NULL,
    new_height REAL NOT NULL
) STRICT;
CREATE INDEX edits_by_old ON edits (old_photo);
CREATE INDEX edits_by_new ON edits (new_photo);

-- Who saw a face: a detector, the user, who drew it, or both.
ALTER TABLE faces ADD COLUMN origin TEXT NOT NULL DEFAULT 'detected' CHECK (origin IN ('detected', 'drawn', 'both'));
-- A score of exactly 1 said so before, and a detector's may be that too: the journal tells them apart.
UPDATE faces SET origin = 'drawn' WHERE score = 1.0 AND (state = 'manual' OR EXISTS (
    SELECT 1 FROM journal JOIN photos ON photos.id = photo_id
    WHERE decision ->> '$.do' = 'draw' AND decision ->> '$.face.photo' = lower(hex(hash))
    AND abs((decision ->> '$.face.box.x') - x) < 1e-5 AND abs((decision ->> '$.face.box.y') - y) < 1e-5));
-- View columns are those of the time when it was made.
DROP VIEW seen_faces;
CREATE VIEW seen_faces AS
SELECT * FROM faces
WHERE NOT removed AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id);

-- The rows that a line of the journal changed, as they were before it: what an undo restores.
DROP TABLE changes;
CREATE TABLE before_people (
    line       INTEGER NOT NULL REFERENCES journal,
    existed    INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    created_at TEXT,
    name       TEXT,
    key        TEXT,
    hidden     INTEGER,
    ignored    INTEGER,
    born       TEXT,
    cover      TEXT,
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE before_faces (
    line      INTEGER NOT NULL REFERENCES journal,
    existed   INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    photo_id  INTEGER,
    x         REAL,
    y         REAL,
    width     REAL,
    height    REAL,
    landmarks BLOB,
    score     REAL,
    quality   REAL,
    person_id INTEGER,
    state     TEXT,
    removed   INTEGER,
    origin    TEXT,
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE before_rejections (
    line      INTEGER NOT NULL REFERENCES journal,
    existed   INTEGER NOT NULL,
    face_id   INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    PRIMARY KEY (line, face_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE before_embeddings (
    line    INTEGER NOT NULL REFERENCES journal,
    existed INTEGER NOT NULL,
    face_id INTEGER NOT NULL,
    pack    TEXT NOT NULL,
    vector  BLOB,
    PRIMARY KEY (line, face_id, pack)
) STRICT, WITHOUT ROWID;
