-- name: job_overview
-- Every job: its options, what it holds, and how its last deliveries of an hour fared. Each is counted no further than a
-- number; partial indexes have what is counted.
SELECT job.name, job.event_name, job.lane_limit, job.priority, job.interactive, job.ordered, job.light, job.max_attempts,
       job.batch_size, job.flow_control - ARRAY['flow_key', 'key_fields', 'keeps_place'] AS limits, job.paused,
       job.retired_at IS NOT NULL AS retired, job.held_because, queued.number AS queued, running.number AS running,
       dead.number AS dead, hour.ended, hour.failed, hour.wait[1] AS wait_p50, hour.wait[2] AS wait_p95,
       hour.run[1] AS run_p50, hour.run[2] AS run_p95
FROM groundwork.job
CROSS JOIN LATERAL (
    SELECT count(*) AS number
    FROM (SELECT FROM groundwork.delivery WHERE state = 'queued' AND delivery.job = job.name LIMIT :count_to) AS counted
) AS queued
CROSS JOIN LATERAL (
    SELECT count(*) AS number
    FROM (
        SELECT FROM groundwork.delivery WHERE state IN (:in_flight) AND delivery.job = job.name LIMIT :count_to
    ) AS counted
) AS running
CROSS JOIN LATERAL (
    SELECT count(*) AS number
    FROM (SELECT FROM groundwork.delivery WHERE state = 'failed' AND delivery.job = job.name LIMIT :count_to) AS counted
) AS dead
CROSS JOIN LATERAL (
    SELECT count(*) AS ended,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
               ORDER BY CAST(extract(epoch FROM claimed_at - accepted_at) AS float)
           ) AS wait,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
               ORDER BY CAST(extract(epoch FROM settled_at - claimed_at) AS float)
           ) AS run
    FROM (
        SELECT state, accepted_at, claimed_at, settled_at
        FROM groundwork.delivery
        WHERE delivery.job = job.name
          AND settled_at > now() - interval '1 hour'
          AND state <> 'cancelled'
        ORDER BY settled_at DESC
        LIMIT :count_to
    ) AS last
) AS hour
WHERE job.retired_at IS NULL OR queued.number > 0 OR dead.number > 0
ORDER BY job.name;
