-- name: lanes
-- Every lane that holds something or is set apart from its job's others. One subquery per partial index: settled
-- deliveries are not read.
WITH held AS (
    SELECT job, workspace_id,
           count(*) FILTER (WHERE waiting_for IS NULL OR not_before <= clock_timestamp()) AS queued,
           0 AS scheduled, 0 AS running,
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
    UNION ALL
    SELECT job, workspace_id, 0, 0, 0, 0, NULL
    FROM groundwork.rate
    WHERE dropped > 0
), lane AS (
    SELECT job, workspace_id, sum(queued) AS queued, sum(scheduled) AS scheduled, sum(running) AS running,
           sum(waiting) AS waiting, min(waiting_since) AS waiting_since
    FROM held
    GROUP BY job, workspace_id
), in_use AS (
    SELECT kind, name, field, within, key, units FROM groundwork.limit_use
    UNION ALL
    SELECT 'throttle', job.name, coalesce(job.flow_control #>> '{throttle,field}', ''), workspace_id, key, count(*)
    FROM groundwork.throttle_start
    JOIN groundwork.job ON job.name = throttle_start.job
    WHERE started_at > clock_timestamp() - make_interval(secs => CAST(job.flow_control #>> '{throttle,period}' AS float))
    GROUP BY job.name, workspace_id, key
), bound AS (
    SELECT job, kind, name, field, most, period FROM groundwork.job_limit
    UNION ALL
    SELECT name, 'throttle', name, '', CAST(flow_control #>> '{throttle,limit}' AS int),
           CAST(flow_control #>> '{throttle,period}' AS float)
    FROM groundwork.job
    WHERE flow_control ? 'throttle' AND flow_control #> '{throttle,field}' IS NULL
), full_limit AS (
    SELECT bound.job, in_use.within,
           CASE kind
               WHEN 'pool' THEN format('pool %s: %s of %s in use', name, max(units), most)
               WHEN 'throttle' THEN format('throttle: %s of %s started within %s s', max(units), most, period)
               ELSE format('lane: %s of %s in use', max(units), most)
           END || CASE WHEN field = '' THEN '' ELSE format(' for %s of %s', count(*), field) END AS words
    FROM bound
    JOIN in_use USING (kind, name, field)
    WHERE units >= most
    GROUP BY bound.job, in_use.within, kind, name, field, most, period
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
       job.held_because,
       ARRAY(
           SELECT full_limit.words
           FROM full_limit
           WHERE full_limit.job = lane.job AND full_limit.within IN ('', lane.workspace_id) AND lane.queued > 0
           ORDER BY full_limit.words
       ) AS at_limit,
       coalesce(rate.dropped, 0) AS dropped,
       CAST(extract(epoch FROM clock_timestamp() - lane.waiting_since) AS float) AS oldest_wait_seconds
FROM lane
JOIN groundwork.job ON job.name = lane.job
LEFT JOIN groundwork.lane_override USING (job, workspace_id)
LEFT JOIN (
    SELECT job, workspace_id, CAST(sum(dropped) AS bigint) AS dropped FROM groundwork.rate GROUP BY job, workspace_id
) AS rate USING (job, workspace_id)
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
