-- name: cancel
-- Cancel unfinished deliveries. Runs under way lose their fence at once; the relay then cancels them in Prefect. A run that
-- several deliveries share is cancelled with all of them or not at all: those that are left could not end without it. So is
-- a batch that waits for its next attempt: what it has done is kept under the name of its first.
WITH chosen AS MATERIALIZED (
    SELECT id, state, batch_id
    FROM groundwork.delivery
    WHERE state IN (:unfinished)
      AND (CAST(:event_id AS uuid) IS NULL OR event_id = :event_id)
      AND (CAST(:job AS text) IS NULL OR job = :job)
      AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
      AND (state IN (:waiting) OR NOT :queued_only)
    ORDER BY id
    FOR UPDATE
), sharing AS (
    SELECT chosen.id
    FROM chosen
    WHERE EXISTS (
          SELECT
          FROM groundwork.delivery AS other
          WHERE other.batch_id = chosen.batch_id
            AND other.state IN (:unfinished)
            AND other.id NOT IN (SELECT id FROM chosen)
      )
), cancelled AS (
    UPDATE groundwork.delivery
    SET state = 'cancelled',
        last_error = :reason,
        run_to_cancel = chosen.state IN (:in_flight) OR delivery.attempt > 0,
        lease_expires_at = NULL,
        settled_at = clock_timestamp()
    FROM chosen
    WHERE delivery.id = chosen.id AND chosen.id NOT IN (SELECT id FROM sharing)
    RETURNING chosen.state
)
SELECT (SELECT count(*) FROM cancelled WHERE state IN (:waiting)) AS queued,
       (SELECT count(*) FROM cancelled WHERE state IN (:in_flight)) AS running,
       (SELECT count(*) FROM sharing) AS sharing;

-- name: runs_to_cancel
-- Deliveries that were cancelled while a run of theirs may live. A host goes on: it sees for itself what it has lost.
SELECT delivery.id, delivery.job, delivery.attempt, delivery.last_error,
       CASE
           WHEN NOT EXISTS (SELECT FROM groundwork.light_host WHERE light_host.flow_run_id = delivery.flow_run_id)
           THEN delivery.flow_run_id
       END AS flow_run_id,
       event.id AS event_id, event.name AS event_name, event.workspace_id, event.data, event.correlation_id, event.depth
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.run_to_cancel
LIMIT 100;

-- name: run_cancelled
-- Note that Prefect was told. No row: another relay was faster.
UPDATE groundwork.delivery SET run_to_cancel = false WHERE id = :delivery_id AND run_to_cancel RETURNING id;
