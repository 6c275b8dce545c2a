-- As of SQLite, see `2026-11-30-regrouped-faces.sql` there.
CREATE TABLE regrouped_faces (
    line    BIGINT NOT NULL,
    face_id BIGINT NOT NULL,
    PRIMARY KEY (line, face_id)
);
