-- A face knows the year of its photo by now: nothing of the photo is read for each face that comes to somebody else.
DROP TRIGGER clusters_face_update;
CREATE TRIGGER clusters_face_update AFTER UPDATE OF person_id, state, removed, score, quality, recognisability ON faces BEGIN
    INSERT INTO outdated_clusters SELECT old.person_id, old.photo_year WHERE old.person_id IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO outdated_clusters SELECT new.person_id, new.photo_year WHERE new.person_id IS NOT NULL ON CONFLICT DO NOTHING;
    DELETE FROM compared_faces WHERE face_id = new.id;
END;
