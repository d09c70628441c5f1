-- name: register_job
-- Tell the inbox which events a job listens to, and how it is to be delivered.
INSERT INTO groundwork.job (
    name, event_name, lane_limit, priority, interactive, ordered, max_attempts, batch_size, batch_wait_seconds,
    flow_control, light, work_pool
)
VALUES (
    :name, :event_name, :lane_limit, :priority, :interactive, :ordered, :max_attempts, :batch_size,
    :batch_wait_seconds, CAST(:flow_control AS jsonb), :light, :work_pool
)
ON CONFLICT (name) DO UPDATE SET
    event_name = excluded.event_name, lane_limit = excluded.lane_limit, priority = excluded.priority,
    interactive = excluded.interactive, ordered = excluded.ordered, max_attempts = excluded.max_attempts,
    batch_size = excluded.batch_size, batch_wait_seconds = excluded.batch_wait_seconds,
    flow_control = excluded.flow_control, light = excluded.light, work_pool = excluded.work_pool, retired_at = NULL, updated_at = now();

-- name: job_names
-- The jobs that the inbox knows.
SELECT name FROM groundwork.job ORDER BY name;

-- name: listening_jobs
-- Every job with the name of the event that it listens to.
SELECT event_name, name FROM groundwork.job WHERE retired_at IS NULL ORDER BY name;

-- name: listeners
-- Every job with the name of the event that it listens to, its lane and its limits; without what names other events.
SELECT event_name, name AS job, lane_limit, priority, interactive, ordered, light, max_attempts,
       batch_size, flow_control - ARRAY['flow_key', 'key_fields', 'keeps_place', 'cancel_on'] AS limits
FROM groundwork.job
WHERE retired_at IS NULL
ORDER BY name;

-- name: jobs_and_waiting
-- Every job, and whether a delivery of it waits for a run. Each is looked up in an index, as by kinds_queued (admission.sql).
SELECT name, event_name, work_pool,
       coalesce(
           (
               SELECT true
               FROM groundwork.delivery
               WHERE delivery.job = job.name AND delivery.state = 'queued'
               ORDER BY delivery.workspace_id
               LIMIT 1
           ),
           (
               SELECT true
               FROM groundwork.delivery
               WHERE delivery.job = job.name AND delivery.state = 'admitted'
               ORDER BY delivery.workspace_id
               LIMIT 1
           ),
           false
       ) AS waiting
FROM groundwork.job
WHERE retired_at IS NULL
ORDER BY name;

-- name: known_pools
-- The work pools whose workers run jobs.
SELECT DISTINCT work_pool FROM groundwork.job WHERE retired_at IS NULL ORDER BY work_pool;

-- name: retire_jobs
-- Retire jobs that are gone from the code. What waits for them is kept, and not admitted.
WITH gone AS (
    UPDATE groundwork.job
    SET retired_at = clock_timestamp(), held_because = NULL
    WHERE name <> ALL(CAST(:known AS text[])) AND retired_at IS NULL
    RETURNING name
), retired AS (
    SELECT name, true AS new FROM gone
    UNION ALL
    SELECT name, false FROM groundwork.job WHERE retired_at IS NOT NULL
), waiting AS (
    SELECT job, count(*) AS waiting FROM groundwork.delivery WHERE state IN (:waiting) GROUP BY job
)
SELECT retired.name, coalesce(waiting.waiting, 0) AS waiting, retired.new
FROM retired
LEFT JOIN waiting ON waiting.job = retired.name
WHERE retired.new OR waiting.waiting > 0
ORDER BY retired.name;
