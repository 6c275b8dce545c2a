-- Circles: people under one name. Members may be groups for a while, as when the name of one was taken back.
CREATE TABLE circles (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key  TEXT NOT NULL
) STRICT;
CREATE TABLE circle_members (
    circle INTEGER NOT NULL REFERENCES circles,
    person INTEGER NOT NULL,
    PRIMARY KEY (circle, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_members_by_person ON circle_members (person);

CREATE TABLE before_circles (
    line    INTEGER NOT NULL REFERENCES journal,
    existed INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    name    TEXT,
    key     TEXT,
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE before_circle_members (
    line    INTEGER NOT NULL REFERENCES journal,
    existed INTEGER NOT NULL,
    circle  INTEGER NOT NULL,
    person  INTEGER NOT NULL,
    PRIMARY KEY (line, circle, person)
) STRICT, WITHOUT ROWID;
