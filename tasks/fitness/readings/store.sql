-- name: write_readings
-- Of several versions in one call the newest is taken first, since a statement may touch a row once. Rows are written in
-- the order of their keys, so that two writers of the same rows wait for each other and never both. All that is stored
-- takes part in the comparison: two versions that differ in the day alone end alike in every order of arrival too.
WITH newest AS (
    SELECT DISTINCT ON (row.member_id, row.source, row.metric, row.external_id) row.*
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (
        member_id text, source text, metric text, external_id text, day date, value double precision,
        measured_at timestamptz, updated_at timestamptz, deleted boolean
    )
    JOIN fitness.member AS member ON member.workspace_id = :workspace_id AND member.id = row.member_id
    ORDER BY row.member_id, row.source, row.metric, row.external_id,
             row.updated_at DESC, row.deleted DESC, coalesce(row.value, 0) DESC,
             coalesce(row.measured_at, '-infinity') DESC, coalesce(row.day, '-infinity') DESC
), written AS (
    INSERT INTO fitness.reading AS reading (
        workspace_id, member_id, source, metric, external_id, day, value, measured_at, updated_at, deleted
    )
    SELECT :workspace_id, member_id, source, metric, external_id, day, value, measured_at, updated_at, deleted
    FROM newest
    ORDER BY member_id, source, metric, external_id
    ON CONFLICT (workspace_id, member_id, source, metric, external_id) DO UPDATE SET
        day = excluded.day, value = excluded.value, measured_at = excluded.measured_at,
        updated_at = excluded.updated_at, deleted = excluded.deleted
    WHERE (excluded.updated_at, excluded.deleted, coalesce(excluded.value, 0),
           coalesce(excluded.measured_at, '-infinity'), coalesce(excluded.day, '-infinity'))
        > (reading.updated_at, reading.deleted, coalesce(reading.value, 0),
           coalesce(reading.measured_at, '-infinity'), coalesce(reading.day, '-infinity'))
    RETURNING reading.member_id, reading.metric
)
SELECT count(*) AS changed, array_agg(DISTINCT member_id) FILTER (WHERE metric = ANY(:risky)) AS at_risk
FROM written
