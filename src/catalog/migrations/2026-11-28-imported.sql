-- What other programs, or other libraries, said of photos when their names were imported: derived from the journal as its index
-- is. What was imported once is not imported again.
CREATE TABLE imported (
    id     INTEGER PRIMARY KEY,
    line   INTEGER NOT NULL REFERENCES journal,
    photo  BLOB NOT NULL,
    x      REAL,
    y      REAL,
    width  REAL,
    height REAL,
    name   TEXT NOT NULL
) STRICT;
CREATE INDEX imported_by_photo ON imported (photo);
