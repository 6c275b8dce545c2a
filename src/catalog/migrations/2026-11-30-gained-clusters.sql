-- What the newest decision added to the sums of a person's year, where it brought all of somebody's faces of that year: to take it back,
-- these faces need not be read again. Once anything else of that year changes, the row is deleted.
CREATE TABLE gained_clusters (
    -- Of the journal.
    line      INTEGER NOT NULL,
    -- Whose year it was added to.
    into_id   INTEGER NOT NULL,
    -- How many faces came, those without an embedding too.
    moved     INTEGER NOT NULL,
    -- As in `clusters`; the person is the one whose faces they were.
    person_id INTEGER NOT NULL,
    year      INTEGER NOT NULL,
    faces     INTEGER NOT NULL,
    sum       BLOB NOT NULL,
    cohort    REAL NOT NULL,
    first_day TEXT,
    last_day  TEXT,
    poor      INTEGER NOT NULL CHECK (poor IN (0, 1)),
    tiny      INTEGER NOT NULL CHECK (tiny IN (0, 1)),
    clear     INTEGER NOT NULL CHECK (clear IN (0, 1)),
    PRIMARY KEY (into_id, year, person_id)
) STRICT, WITHOUT ROWID;

DROP TRIGGER clusters_outdated;
CREATE TRIGGER clusters_outdated AFTER INSERT ON outdated_clusters BEGIN
    DELETE FROM clusters WHERE person_id = new.person_id AND year IN (-1, new.year);
    DELETE FROM gained_clusters WHERE into_id = new.person_id AND year = new.year;
END;

DROP TRIGGER clusters_person_delete;
CREATE TRIGGER clusters_person_delete AFTER DELETE ON people BEGIN
    DELETE FROM clusters WHERE person_id = old.id;
    DELETE FROM gained_clusters WHERE into_id = old.id;
    DELETE FROM outdated_clusters WHERE person_id = old.id;
END;
