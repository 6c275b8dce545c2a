-- Faces that may be of somebody whom their photo names without saying where: asked about until it is known whose they are.
CREATE TABLE named_faces (
    face_id INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (face_id, name)
) STRICT, WITHOUT ROWID;
