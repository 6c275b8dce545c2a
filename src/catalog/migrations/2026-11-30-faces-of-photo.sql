-- Without the person: a decision that makes thousands of faces somebody else's need not touch this index then, whose pages are
-- scattered as the photos are.
DROP INDEX faces_by_photo;
CREATE INDEX faces_by_photo ON faces (photo_id);
