-- name: lanes
-- Every lane that holds something or is set apart from its job's others. One subquery per partial index: settled
-- deliveries are not read.
WITH held AS (
    SELECT job, workspace_id, count(*) FILTER (WHERE waiting_for IS NULL OR not_before <= clock_timestamp()) AS queued, 0 AS scheduled, 0 AS running,
           count(*) FILTER (WHERE waiting_for IS NOT NULL AND not_before > clock_timestamp()) AS waiting,
           min(greatest(accepted_at, not_before)) FILTER (WHERE not_before <= clock_timestamp()) AS waiting_since
    FROM groundwork.delivery
    WHERE state = 'queued'
    GROUP BY job, workspace_id
    UNION ALL
    SELECT job, workspace_id, 0, count(*) FILTER (WHERE waiting_for IS NULL), 0, count(waiting_for), NULL
    FROM groundwork.delivery
    WHERE state = 'scheduled'
    GROUP BY job, workspace_id
    UNION ALL
    SELECT job, workspace_id, 0, 0, count(*) FILTER (WHERE batch_id IS NULL OR batch_id = id), 0, NULL
    FROM groundwork.delivery
    WHERE state IN (:in_flight)
    GROUP BY job, workspace_id
    UNION ALL
    SELECT job, workspace_id, 0, 0, 0, 0, NULL
    FROM groundwork.lane_override
), lane AS (
    SELECT job, workspace_id, sum(queued) AS queued, sum(scheduled) AS scheduled, sum(running) AS running, sum(waiting) AS waiting,
           min(waiting_since) AS waiting_since
    FROM held
    GROUP BY job, workspace_id
)
SELECT lane.workspace_id, lane.job,
       CAST(lane.queued AS bigint) AS queued,
       CAST(lane.scheduled AS bigint) AS scheduled,
       CAST(lane.running AS bigint) AS running,
       CAST(lane.waiting AS bigint) AS waiting,
       CASE WHEN job.ordered THEN 1 ELSE coalesce(lane_override.lane_limit, job.lane_limit) END AS limit,
       coalesce(lane_override.weight, 1) AS weight,
       job.paused OR coalesce(lane_override.paused, false) AS paused,
       job.retired_at IS NOT NULL AS retired,
       CAST(extract(epoch FROM clock_timestamp() - lane.waiting_since) AS float) AS oldest_wait_seconds
FROM lane
JOIN groundwork.job ON job.name = lane.job
LEFT JOIN groundwork.lane_override USING (job, workspace_id)
ORDER BY oldest_wait_seconds DESC NULLS LAST, lane.job, lane.workspace_id;

-- name: pause_job
-- Stop or resume admission of a whole job.
UPDATE groundwork.job SET paused = :paused WHERE name = :job;

-- name: pause_lane
-- Stop or resume admission of one lane.
INSERT INTO groundwork.lane_override (workspace_id, job, paused)
VALUES (:workspace_id, :job, :paused)
ON CONFLICT (workspace_id, job) DO UPDATE SET paused = excluded.paused;

-- name: set_lane
-- Give one lane another limit or weight; what is not given stays.
INSERT INTO groundwork.lane_override (workspace_id, job, lane_limit, weight)
VALUES (:workspace_id, :job, :limit, coalesce(CAST(:weight AS float), 1))
ON CONFLICT (workspace_id, job) DO UPDATE SET
    lane_limit = coalesce(excluded.lane_limit, lane_override.lane_limit),
    weight = coalesce(CAST(:weight AS float), lane_override.weight);

-- name: unset_lane
-- Give one lane its job's own limit and weight again.
UPDATE groundwork.lane_override SET lane_limit = NULL, weight = 1 WHERE workspace_id = :workspace_id AND job = :job;

-- name: forget_lane
-- Forget a lane that is like its job's others.
DELETE FROM groundwork.lane_override
WHERE workspace_id = :workspace_id AND job = :job AND lane_limit IS NULL AND weight = 1 AND NOT paused;
