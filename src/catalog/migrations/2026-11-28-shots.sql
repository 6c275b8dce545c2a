-- A camera that writes RAW and JPEG of one shot: of the RAW photo, the JPEG that stands for both. See `shots.rs`; after this migration
-- `Writer::renew_shots` fills it.
ALTER TABLE photos ADD COLUMN shot_of INTEGER REFERENCES photos ON DELETE SET NULL;
CREATE INDEX photos_by_shot ON photos (shot_of) WHERE shot_of IS NOT NULL;
