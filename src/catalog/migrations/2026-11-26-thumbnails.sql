-- A small picture of a face, JPEG: made when its photo is scanned, so that it is there even while the photo is not.
CREATE TABLE thumbnails (
    face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
    jpeg    BLOB NOT NULL
) STRICT;
