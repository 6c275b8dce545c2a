-- Whose faces changed lately, in order: so a page that has counted everybody counts only those people again. The rows are those
-- that were in `outdated_clusters`, once they are computed again; together the two tables tell of every change.
CREATE TABLE person_changes (
    change    INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER person_changes_noted AFTER DELETE ON outdated_clusters BEGIN
    INSERT INTO person_changes (person_id) VALUES (old.person_id);
    DELETE FROM person_changes WHERE change <= (SELECT max(change) FROM person_changes) - 10000;
END;

-- A face that is in both photos of a shot counts once.
CREATE TRIGGER clusters_photo_shot AFTER UPDATE OF shot_of ON photos WHEN old.shot_of IS NOT new.shot_of BEGIN
    INSERT INTO outdated_clusters SELECT person_id, new.year FROM faces WHERE photo_id = new.id AND person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
END;
