-- Folders that the user removed or forgot, by the BLAKE3 of their path, until they are scanned again: so that a backup from before does
-- not bring them back.
CREATE TABLE removed_roots (
    folder    BYTEA PRIMARY KEY,
    forgotten BOOLEAN NOT NULL
);
