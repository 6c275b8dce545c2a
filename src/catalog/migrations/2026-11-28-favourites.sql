-- People whom the user wants to see first.
ALTER TABLE people ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0 CHECK (favourite IN (0, 1));
-- What was kept before this column was there could not restore a row without it.
ALTER TABLE before_people ADD COLUMN favourite INTEGER DEFAULT 0;
