-- Names are found without their accents, hyphens and the like from now on. Which keys that makes only the program knows, see
-- `Writer::renew_keys`, which runs after each migration; until then no key is another's.
UPDATE people SET key = char(31) || id WHERE name IS NOT NULL;
