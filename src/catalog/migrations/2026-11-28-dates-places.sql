-- Where a date is from, see `DateSource`. `taken` may be a year or a month alone.
ALTER TABLE photos ADD COLUMN taken_source TEXT;
UPDATE photos SET taken_source = 'exif' WHERE taken IS NOT NULL;

-- Places are found by another table of towns from now on, with districts; `Writer::renew_places` fills this after the migration.
UPDATE photos SET place_id = NULL;
DROP TABLE places;
CREATE TABLE places (
    id           INTEGER PRIMARY KEY,
    city         TEXT NOT NULL,
    district     TEXT NOT NULL,
    region       TEXT NOT NULL,
    country      TEXT NOT NULL,
    country_code TEXT NOT NULL,
    -- What `--place` is compared with: folded names in many languages between bars.
    key          TEXT NOT NULL,
    UNIQUE (city, district, region, country_code)
) STRICT;
CREATE INDEX photos_by_latitude ON photos (latitude) WHERE latitude IS NOT NULL;
