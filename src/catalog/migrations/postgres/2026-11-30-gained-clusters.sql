-- As of SQLite: what the last decision that brought all of somebody's faces of a year to another person added to the sums there.
CREATE TABLE gained_clusters (
    line      BIGINT NOT NULL,
    into_id   BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    year      BIGINT NOT NULL,
    faces     BIGINT NOT NULL,
    sum       BYTEA NOT NULL,
    cohort    DOUBLE PRECISION NOT NULL,
    first_day TEXT COLLATE "C",
    last_day  TEXT COLLATE "C",
    poor      BOOLEAN NOT NULL,
    tiny      BOOLEAN NOT NULL,
    clear     BOOLEAN NOT NULL,
    PRIMARY KEY (into_id, year, person_id)
);
CREATE OR REPLACE FUNCTION clusters_outdated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clusters WHERE person_id = new.person_id AND year IN (-1, new.year);
    DELETE FROM gained_clusters WHERE into_id = new.person_id AND year = new.year;
    RETURN NULL;
END $$;
