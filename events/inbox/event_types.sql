-- name: register_event_types
-- Tell the database which events may be sent by SQL, and what their data look like. Those that are gone are forgotten.
WITH known AS (
    SELECT * FROM jsonb_to_recordset(CAST(:types AS jsonb)) AS each (name text, alias_of text, shape jsonb)
), gone AS (
    DELETE FROM groundwork.event_type WHERE name NOT IN (SELECT name FROM known)
)
INSERT INTO groundwork.event_type AS stored (name, alias_of, shape)
SELECT name, alias_of, shape FROM known ORDER BY name
ON CONFLICT (name) DO UPDATE SET alias_of = excluded.alias_of, shape = excluded.shape, updated_at = clock_timestamp()
WHERE (stored.alias_of, stored.shape) IS DISTINCT FROM (excluded.alias_of, excluded.shape);
