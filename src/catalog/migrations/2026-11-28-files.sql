-- When a file changed in any way (ctime, nanoseconds), which programs cannot set; NULL where nobody looked yet, 0 where there is none.
ALTER TABLE files ADD COLUMN changed INTEGER;

-- How a root is scanned: patterns of what is excluded (JSON, in the syntax of .gitignore), and whether links are followed.
ALTER TABLE roots ADD COLUMN excluded TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(excluded));
ALTER TABLE roots ADD COLUMN follow_links INTEGER NOT NULL DEFAULT 0 CHECK (follow_links IN (0, 1));
-- What the last scan skipped, by reason (JSON).
ALTER TABLE roots ADD COLUMN skipped TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(skipped));
