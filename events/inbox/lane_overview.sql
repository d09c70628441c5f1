-- name: waiting_lanes
-- Lanes with something queued, by name, and since when the first of each is there: one probe of an index per lane, however
-- long the lanes are.
WITH RECURSIVE lane AS (
    (
        SELECT job, workspace_id, accepted_at
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND (CAST(:job AS text) IS NULL OR job = :job)
          AND (CAST(:after_job AS text) IS NULL OR (job, workspace_id) > (:after_job, :after_workspace_id))
        ORDER BY job, workspace_id, flow_key, urgency DESC, sequence
        LIMIT 1
    )
    UNION ALL
    SELECT next.job, next.workspace_id, next.accepted_at
    FROM lane
    CROSS JOIN LATERAL (
        SELECT job, workspace_id, accepted_at
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND (CAST(:job AS text) IS NULL OR job = :job)
          AND (job, workspace_id) > (lane.job, lane.workspace_id)
        ORDER BY job, workspace_id, flow_key, urgency DESC, sequence
        LIMIT 1
    ) AS next
)
SELECT job, workspace_id, accepted_at FROM lane LIMIT :most;

-- name: other_lanes
-- Lanes that run something, that hold something for later, or that are set apart.
SELECT job, workspace_id
FROM groundwork.delivery
WHERE state IN (:in_flight)
GROUP BY job, workspace_id
UNION
SELECT job, workspace_id FROM (SELECT job, workspace_id FROM groundwork.lane_override LIMIT :most) AS set_apart
UNION
SELECT job, workspace_id
FROM (
    SELECT job, workspace_id FROM groundwork.delivery WHERE state = 'scheduled' ORDER BY not_before LIMIT :look
) AS scheduled
LIMIT :most;

-- name: lanes_of_workspace
-- A workspace's lane of each job, whether it holds something or not.
SELECT name AS job, CAST(:workspace_id AS text) AS workspace_id
FROM groundwork.job
WHERE retired_at IS NULL AND (CAST(:job AS text) IS NULL OR name = :job)
ORDER BY name
LIMIT :most;

-- name: lanes_held
-- What these lanes hold, each counted no further than a number: partial indexes have what is queued and what runs.
SELECT lane.workspace_id, lane.job, queued.number AS queued, running.number AS running,
       CASE WHEN job.ordered THEN 1 ELSE coalesce(lane_override.lane_limit, job.lane_limit) END AS limit,
       coalesce(lane_override.weight, 1) AS weight,
       job.paused AS job_paused,
       coalesce(lane_override.paused, false) AS paused,
       job.retired_at IS NOT NULL AS retired,
       job.held_because,
       CAST(extract(epoch FROM clock_timestamp() - queued.waiting_since) AS float) AS oldest_wait_seconds
FROM unnest(CAST(:jobs AS text[]), CAST(:workspace_ids AS text[])) AS lane (job, workspace_id)
JOIN groundwork.job ON job.name = lane.job
LEFT JOIN groundwork.lane_override ON lane_override.job = lane.job AND lane_override.workspace_id = lane.workspace_id
CROSS JOIN LATERAL (
    SELECT count(*) AS number,
           min(greatest(accepted_at, not_before)) FILTER (WHERE not_before <= clock_timestamp()) AS waiting_since
    FROM (
        SELECT accepted_at, not_before
        FROM groundwork.delivery
        WHERE state = 'queued' AND delivery.job = lane.job AND delivery.workspace_id = lane.workspace_id
        ORDER BY flow_key, urgency DESC, sequence
        LIMIT :count_to
    ) AS counted
) AS queued
CROSS JOIN LATERAL (
    SELECT count(*) AS number
    FROM (
        SELECT
        FROM groundwork.delivery
        WHERE state IN (:in_flight)
          AND delivery.job = lane.job
          AND delivery.workspace_id = lane.workspace_id
          AND (batch_id IS NULL OR batch_id = id)
        LIMIT :count_to
    ) AS counted
) AS running;

-- name: scheduled
-- What is held for later, of the first that are due.
SELECT job, workspace_id, count(*) AS number
FROM (
    SELECT job, workspace_id
    FROM groundwork.delivery
    WHERE state = 'scheduled' AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
    ORDER BY not_before
    LIMIT :look
) AS first
GROUP BY job, workspace_id;

-- name: ended
-- What ended of late in each lane of these jobs, of the last that ended.
SELECT last.job, last.workspace_id, count(*) AS number
FROM unnest(CAST(:jobs AS text[])) AS wanted (job)
CROSS JOIN LATERAL (
    SELECT job, workspace_id
    FROM groundwork.delivery
    WHERE delivery.job = wanted.job
      AND settled_at > now() - make_interval(mins => :minutes)
      AND state <> 'cancelled'
    ORDER BY settled_at DESC
    LIMIT :look
) AS last
GROUP BY last.job, last.workspace_id;
