-- The shipped pack has another recogniser: what the old one made is compared with nothing any more. The next scan embeds these
-- faces again, then groups those anew that the user said nothing of.
INSERT INTO settings (key, value) SELECT 'rebuild_groups', 'yes' WHERE EXISTS (SELECT 1 FROM embeddings WHERE pack = 'open');
DELETE FROM embeddings WHERE pack = 'open';

-- How well a face can be told apart from others, 0 to 1; NULL until it is embedded again.
ALTER TABLE faces ADD COLUMN recognisability REAL;
ALTER TABLE before_faces ADD COLUMN recognisability REAL;
