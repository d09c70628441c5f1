-- name: register_event_types
-- Tell the database which events may be sent by SQL, and what their data look like. Those that are gone are forgotten.
WITH known AS (
    SELECT * FROM jsonb_to_recordset(CAST(:types AS jsonb)) AS each (name text, shape jsonb)
), gone AS (
    DELETE FROM groundwork.event_type WHERE name NOT IN (SELECT name FROM known)
)
INSERT INTO groundwork.event_type AS stored (name, shape)
SELECT name, shape FROM known ORDER BY name
ON CONFLICT (name) DO UPDATE SET shape = excluded.shape, updated_at = clock_timestamp()
WHERE stored.shape <> excluded.shape;
