-- Commands that wrote several lines of the journal, which are taken back together.
CREATE TABLE commands (
    first INTEGER PRIMARY KEY,
    last  INTEGER NOT NULL
) STRICT;
