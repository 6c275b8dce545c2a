-- The faces that a scan has compared with others after a line of the journal: where that line is taken back, they are compared again.
-- Without foreign keys: rows of faces that have gone do no harm.
CREATE TABLE regrouped_faces (
    line    INTEGER NOT NULL,
    face_id INTEGER NOT NULL,
    PRIMARY KEY (line, face_id)
) STRICT, WITHOUT ROWID;
