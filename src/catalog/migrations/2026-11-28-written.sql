-- Photos into whose files or sidecars facetag has written names: where they are no longer right, they are found there.
CREATE TABLE written (
    photo_id INTEGER PRIMARY KEY REFERENCES photos ON DELETE CASCADE
) STRICT;
