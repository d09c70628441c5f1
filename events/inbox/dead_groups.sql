-- name: dead_groups
-- The last dead letters of each job, by the first line of their errors: in it, ids and numbers count for nothing.
SELECT job, error, md5(error) AS key, count(*) AS number, count(DISTINCT workspace_id) AS workspaces,
       min(settled_at) AS first_at, max(settled_at) AS last_at,
       (array_agg(event_id ORDER BY settled_at DESC))[1] AS last_event_id
FROM (
    SELECT dead.job, dead.workspace_id, dead.event_id, dead.settled_at,
           regexp_replace(
               left(split_part(coalesce(dead.last_error, ''), E'\n', 1), 200),
               '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]+', '#', 'g'
           ) AS error
    FROM groundwork.job
    CROSS JOIN LATERAL (
        SELECT job, workspace_id, event_id, settled_at, left(last_error, 400) AS last_error
        FROM groundwork.delivery
        WHERE state = 'failed'
          AND delivery.job = job.name
          AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
        ORDER BY settled_at DESC
        LIMIT :look
    ) AS dead
) AS last
GROUP BY job, error
ORDER BY max(settled_at) DESC
LIMIT :most;

-- name: dead_of_group
-- The dead letters of a group that had died by a time.
SELECT id
FROM (
    SELECT id, settled_at,
           md5(regexp_replace(
               left(split_part(coalesce(left(last_error, 400), ''), E'\n', 1), 200),
               '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]+', '#', 'g'
           )) AS key
    FROM groundwork.delivery
    WHERE state = 'failed' AND job = :job AND settled_at <= :until
) AS dead
WHERE key = :key
ORDER BY settled_at DESC
LIMIT :most;
