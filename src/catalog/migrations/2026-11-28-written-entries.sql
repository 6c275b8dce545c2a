-- What facetag wrote of a photo, and where: the regions and keywords that it may change or remove later, whatever other programs have
-- made of the file or sidecar since. Copies of a photo may have different sidecars, so it is kept for each file. Names and paths are
-- kept as hashes, so that whoever is forgotten leaves no name here.
CREATE TABLE written_entries (
    photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
    file     BLOB NOT NULL,
    place    TEXT NOT NULL CHECK (place IN ('file', 'sidecar')),
    entry    TEXT NOT NULL,
    PRIMARY KEY (photo_id, file, place, entry)
) STRICT, WITHOUT ROWID;
