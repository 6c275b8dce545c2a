-- Empty here: numbers given in transactions that run at the same time do not tell which of them was committed last. A page counts
-- everybody again.
CREATE TABLE person_changes (
    change    BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL
);
