-- Copies of a photo may have different sidecars: what facetag wrote is kept for each file, of whose path the hash is kept. What lies
-- in the files themselves tells what was written before.
DROP TABLE written_entries;
CREATE TABLE written_entries (
    photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
    file     BLOB NOT NULL,
    place    TEXT NOT NULL CHECK (place IN ('file', 'sidecar')),
    entry    TEXT NOT NULL,
    PRIMARY KEY (photo_id, file, place, entry)
) STRICT, WITHOUT ROWID;
