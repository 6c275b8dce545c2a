-- The face that the user chose to show a person by, as the journal has it: photo hash and box, in JSON. In these words it means
-- the same after faces were found anew.
ALTER TABLE people ADD COLUMN cover TEXT CHECK (cover IS NULL OR json_valid(cover));
