-- name: dead_letters
-- Deliveries that have failed for good, the latest first.
SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.event_id, event.name AS event_name,
       delivery.settled_at AS died_at, delivery.attempt, delivery.last_error, delivery.flow_run_id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state = 'failed'
  AND (CAST(:ids AS uuid[]) IS NULL OR delivery.id = ANY(:ids) OR delivery.event_id = ANY(:ids))
  AND (CAST(:job AS text) IS NULL OR delivery.job = :job)
  AND (CAST(:workspace_id AS text) IS NULL OR delivery.workspace_id = :workspace_id)
  AND (CAST(:since AS timestamptz) IS NULL OR delivery.settled_at >= :since)
ORDER BY delivery.settled_at DESC
LIMIT :most;

-- name: replay
-- Queue dead letters again, behind what their lanes hold now, among themselves in their old order. Attempt and dispatch
-- numbers go on, since they are the fence against old runs; the cap is raised instead. A batch stays one if all of it is
-- replayed, so that its steps find their results.
WITH chosen AS (
    SELECT id, batch_id, job
    FROM groundwork.delivery
    WHERE state = 'failed' AND id = ANY(:ids)
    ORDER BY sequence
    FOR UPDATE
), placed AS MATERIALIZED (
    SELECT id, batch_id, job, nextval(pg_get_serial_sequence('groundwork.delivery', 'sequence')) AS place
    FROM chosen
)
UPDATE groundwork.delivery
SET state = 'queued',
    sequence = placed.place,
    max_attempts = greatest(delivery.attempt, delivery.dispatches) - delivery.continuations + job.max_attempts,
    batch_id = CASE
        WHEN NOT EXISTS (
            SELECT
            FROM groundwork.delivery AS other
            WHERE other.batch_id = placed.batch_id AND other.id NOT IN (SELECT id FROM chosen)
        )
        THEN placed.batch_id
    END,
    not_before = clock_timestamp(),
    expires_at = NULL,
    flow_run_id = NULL,
    settled_at = NULL
FROM placed
JOIN groundwork.job ON job.name = placed.job
WHERE delivery.id = placed.id
RETURNING delivery.id;

-- name: deaths_to_post
-- Deaths that Prefect has no event of yet.
SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.event_id, delivery.flow_run_id, delivery.attempt,
       delivery.settled_at AS died_at, event.correlation_id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state = 'failed' AND delivery.death_posted IS DISTINCT FROM delivery.settled_at
ORDER BY delivery.settled_at
LIMIT 200;

-- name: deaths_posted
-- Note that Prefect has the events of these deaths. A later death of the same delivery is another one.
UPDATE groundwork.delivery
SET death_posted = told.died_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:died_at AS timestamptz[])) AS told (id, died_at)
WHERE delivery.id = told.id;

-- name: deaths_to_mail
-- Deaths that the operators were not told of yet. Of an error the beginning: one of megabytes is no mail. Not locked, as
-- the mail server takes its time; two runs at once write the same mail.
SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.event_id, event.name AS event_name,
       delivery.settled_at AS died_at, delivery.attempt, left(delivery.last_error, 2000) AS last_error,
       delivery.flow_run_id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state = 'failed' AND delivery.death_mailed IS DISTINCT FROM delivery.settled_at
ORDER BY delivery.settled_at, delivery.id
LIMIT 10000;

-- name: deaths_mailed
-- Note that the operators were told of these deaths. A later death of the same delivery is another one.
UPDATE groundwork.delivery
SET death_mailed = told.died_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:died_at AS timestamptz[])) AS told (id, died_at)
WHERE delivery.id = told.id;

-- name: discard
-- Give dead letters up: nobody replays them by mistake, and they are counted as dead no more. Locked as a replay locks, so
-- that of two people who decide about one, the first decides.
WITH chosen AS (
    SELECT id
    FROM groundwork.delivery
    WHERE state = 'failed' AND id = ANY(:ids)
    ORDER BY sequence
    FOR UPDATE
)
UPDATE groundwork.delivery
SET state = 'cancelled', last_error = left('Discarded by ' || :by || ': ' || coalesce(last_error, ''), 20000)
FROM chosen
WHERE delivery.id = chosen.id
RETURNING delivery.id;

-- name: dead_of_event
-- The dead letters of an event.
SELECT id FROM groundwork.delivery WHERE event_id = :event_id AND state = 'failed' ORDER BY job;
