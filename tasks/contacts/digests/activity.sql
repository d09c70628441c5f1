-- name: active_workspaces
-- Workspaces with something to tell: contacts made or changed, or imports that came to an end. And whether the week was
-- told of before, which the inbox forgets.
SELECT workspace_id, weekly_figures.figures IS NOT NULL AS is_told
FROM (
    SELECT workspace_id
    FROM app.contact
    WHERE (created_at >= :begins_at AND created_at < :ends_at) OR (updated_at >= :begins_at AND updated_at < :ends_at)
    UNION
    SELECT workspace_id
    FROM app.csv_import
    WHERE finished_at >= :begins_at AND finished_at < :ends_at AND summary IS NOT NULL
) AS active
CROSS JOIN (VALUES (CAST(:week AS text))) AS told_of (week)
LEFT JOIN app.weekly_figures USING (workspace_id, week)
ORDER BY workspace_id;

-- name: daily
-- What happened on each day of a span. A contact that was made and changed in one week counts as new only.
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, 'new' AS measure, count(*) AS number
FROM app.contact
WHERE workspace_id = :workspace_id AND created_at >= :begins_at AND created_at < :ends_at
GROUP BY 1
UNION ALL
SELECT (updated_at AT TIME ZONE 'UTC')::date, 'updated', count(*)
FROM app.contact
WHERE workspace_id = :workspace_id AND updated_at >= :begins_at AND updated_at < :ends_at
  AND created_at < date_trunc('week', updated_at, 'UTC')
GROUP BY 1
UNION ALL
SELECT (finished_at AT TIME ZONE 'UTC')::date, counted.measure, sum(counted.number)::bigint
FROM app.csv_import
CROSS JOIN LATERAL (
    VALUES ('imported', (summary ->> 'inserted')::bigint + (summary ->> 'updated')::bigint),
           ('rejected', (summary ->> 'rejected')::bigint)
) AS counted (measure, number)
WHERE workspace_id = :workspace_id AND finished_at >= :begins_at AND finished_at < :ends_at AND summary IS NOT NULL
GROUP BY 1, 2;

-- name: tags_told
-- How many contacts of each tag were made or changed in a week, and in the week before: the most active ones come out, and
-- what the digest tells is kept with all of them. Made again for the same week, the later figures count.
WITH counted AS (
    SELECT tag,
           count(*) FILTER (WHERE in_week) AS number,
           count(*) FILTER (WHERE in_week_before) AS before
    FROM (
        SELECT tags,
               (created_at >= :begins_at AND created_at < :ends_at)
                   OR (updated_at >= :begins_at AND updated_at < :ends_at) AS in_week,
               (created_at >= :before AND created_at < :begins_at)
                   OR (updated_at >= :before AND updated_at < :begins_at) AS in_week_before
        FROM app.contact
        WHERE workspace_id = :workspace_id AND (updated_at >= :before OR created_at >= :before)
    ) AS touched
    CROSS JOIN LATERAL unnest(tags) AS tag
    WHERE in_week OR in_week_before
    GROUP BY tag
), kept AS (
    INSERT INTO app.weekly_figures (workspace_id, week, figures)
    SELECT :workspace_id, :week, jsonb_build_object(
        'counts', CAST(:counts AS jsonb),
        'tags', (SELECT coalesce(jsonb_object_agg(tag, number), '{}') FROM counted WHERE number > 0)
    )
    ON CONFLICT (workspace_id, week) DO UPDATE SET figures = excluded.figures, created_at = clock_timestamp()
)
SELECT tag, number, before
FROM counted
ORDER BY number DESC, tag
LIMIT :most;

-- name: remembered
-- What the digest of a week told, of these tags.
SELECT figures -> 'counts' AS counts,
       (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(figures -> 'tags') WHERE key = ANY(:tags)) AS tags
FROM app.weekly_figures
WHERE workspace_id = :workspace_id AND week = :week;
