-- Anew, with AUTOINCREMENT: after `scan --afresh` a page that is still open must not speak of another photo by the old number.
CREATE TABLE photos_next (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO photos_next SELECT * FROM photos;
DROP TABLE photos;
ALTER TABLE photos_next RENAME TO photos;
CREATE INDEX photos_by_taken ON photos (taken);
CREATE INDEX photos_by_place ON photos (place_id) WHERE place_id IS NOT NULL;
