-- name: create_staging
-- By bytes: a chunk is sorted three times as fast as by the words of a language.
CREATE TEMPORARY TABLE reading_staging (
    member_id text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, metric text COLLATE "C" NOT NULL,
    external_id text COLLATE "C" NOT NULL, day integer, value double precision, measured_us bigint,
    updated_us bigint NOT NULL, deleted boolean NOT NULL
) ON COMMIT DROP

-- name: write_rows
-- Of several versions in one chunk the newest is taken first, since a statement may touch a row once. Rows are written
-- in the order of their keys, so that two writers of the same rows wait for each other and never both. The comparison is
-- that of readings/store.sql.
INSERT INTO fitness.reading AS reading (
    workspace_id, member_id, source, metric, external_id, day, value, measured_at, updated_at, deleted
)
SELECT DISTINCT ON (member_id, source, metric, external_id)
       :workspace_id, member_id, source, metric, external_id, date '1970-01-01' + day, value,
       timestamptz 'epoch' + measured_us * interval '1 microsecond',
       timestamptz 'epoch' + updated_us * interval '1 microsecond', deleted
FROM reading_staging
ORDER BY member_id, source, metric, external_id,
         updated_us DESC, deleted DESC, coalesce(value, 0) DESC, measured_us DESC NULLS LAST, day DESC NULLS LAST
ON CONFLICT (workspace_id, member_id, source, metric, external_id) DO UPDATE SET
    day = excluded.day, value = excluded.value, measured_at = excluded.measured_at,
    updated_at = excluded.updated_at, deleted = excluded.deleted
WHERE (excluded.updated_at, excluded.deleted, coalesce(excluded.value, 0),
       coalesce(excluded.measured_at, '-infinity'), coalesce(excluded.day, '-infinity'))
    > (reading.updated_at, reading.deleted, coalesce(reading.value, 0),
       coalesce(reading.measured_at, '-infinity'), coalesce(reading.day, '-infinity'))
