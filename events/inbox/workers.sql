-- name: tell
-- A worker is there, or still there.
INSERT INTO groundwork.worker AS known (id, name, work_pool, places, session_pid, seen_at)
VALUES (:id, :name, :work_pool, :places, :session_pid, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET
    places = excluded.places, session_pid = excluded.session_pid, seen_at = excluded.seen_at;

-- name: take_leave
-- A worker takes no more runs.
DELETE FROM groundwork.worker WHERE id = :id;

-- name: online
-- The workers that are there, with the runs that are meant for each and not over. One that was killed has lost its session
-- at once; one whose machine is gone, or that hangs, has not told of itself for a while.
SELECT id, work_pool, places, coalesce(holding.runs, 0) AS runs
FROM groundwork.worker
LEFT JOIN (
    SELECT worker_id, count(*) AS runs
    FROM groundwork.delivery
    WHERE state IN (:in_flight) AND (batch_id IS NULL OR batch_id = id) AND worker_id IS NOT NULL
    GROUP BY worker_id
) AS holding ON holding.worker_id = worker.id
WHERE seen_at > clock_timestamp() - make_interval(secs => :silent_seconds)
  AND (session_pid IS NULL OR EXISTS (SELECT FROM pg_stat_get_activity(session_pid)))
ORDER BY id;

-- name: places
-- What the workers of each pool may hold together; null where one of them says no number.
SELECT work_pool, CASE WHEN bool_and(places IS NOT NULL) THEN sum(places) END AS places
FROM groundwork.worker
WHERE seen_at > clock_timestamp() - make_interval(secs => :silent_seconds)
  AND (session_pid IS NULL OR EXISTS (SELECT FROM pg_stat_get_activity(session_pid)))
GROUP BY work_pool;

-- name: notify_workers
-- Tell the workers which runs are about to be made, and which of them is to take each.
SELECT pg_notify('groundwork_posted', told) FROM unnest(CAST(:told AS text[])) AS told;

-- name: mean_for
-- Note which workers the runs of deliveries are meant for.
UPDATE groundwork.delivery
SET worker_id = meant.worker_id
FROM unnest(CAST(:delivery_ids AS uuid[]), CAST(:worker_ids AS uuid[])) AS meant (delivery_id, worker_id)
WHERE delivery.id = meant.delivery_id AND delivery.state || '' = 'admitted';

-- name: tidy_workers
-- Forget workers that have been silent for long.
DELETE FROM groundwork.worker WHERE seen_at < clock_timestamp() - interval '10 minutes';
