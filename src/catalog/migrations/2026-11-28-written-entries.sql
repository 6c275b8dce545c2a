-- What facetag wrote of a photo, and where: the regions and keywords that it may change or remove later, whatever other programs have
-- made of the file or sidecar since. Names are kept as hashes, so that whoever is forgotten leaves no name here.
CREATE TABLE written_entries (
    photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
    place    TEXT NOT NULL CHECK (place IN ('file', 'sidecar')),
    entry    TEXT NOT NULL,
    PRIMARY KEY (photo_id, place, entry)
) STRICT, WITHOUT ROWID;
