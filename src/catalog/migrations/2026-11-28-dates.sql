-- What a photo itself, and what the files beside it, say of when and where it was taken (JSON): `taken` and the place are the
-- best of these, of the names of its files and folders, and of what the user decided, see `Writer::settle`.
ALTER TABLE photos ADD COLUMN own TEXT CHECK (json_valid(own));
UPDATE photos SET own = json_object(
    'taken', CASE WHEN taken_source IN ('exif', 'xmp', 'changed')
        THEN json_object('when', taken, 'offset_minutes', taken_offset, 'source', taken_source) END,
    'gps', CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL
        THEN json_object('latitude', latitude, 'longitude', longitude) END);
ALTER TABLE files ADD COLUMN beside TEXT CHECK (json_valid(beside));

-- What decisions say of the date of a photo, and photos that became others by an edit: derived from the journal as its index is.
CREATE TABLE dates (
    line  INTEGER NOT NULL REFERENCES journal,
    photo BLOB NOT NULL,
    -- NULL where the user takes back what they decided before.
    date  TEXT
) STRICT;
CREATE INDEX dates_by_photo ON dates (photo);
CREATE TABLE dated_edits (
    line      INTEGER NOT NULL REFERENCES journal,
    old_photo BLOB NOT NULL,
    new_photo BLOB NOT NULL
) STRICT;
CREATE INDEX dated_edits_by_old ON dated_edits (old_photo);
CREATE INDEX dated_edits_by_new ON dated_edits (new_photo);

CREATE TABLE before_photos (
    line         INTEGER NOT NULL REFERENCES journal,
    existed      INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    taken        TEXT,
    taken_offset INTEGER,
    taken_source TEXT,
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;
