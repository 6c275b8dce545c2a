-- A small picture of a face, JPEG: made when its photo is scanned, so that it is there even while the photo is not.
CREATE TABLE thumbnails (
    face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
    jpeg    BLOB NOT NULL
) STRICT;

-- Of every person the best face, without looking at the others.
CREATE INDEX faces_by_quality ON faces (person_id, quality DESC, photo_id) WHERE person_id IS NOT NULL;
