-- name: admit_at_once
-- Admit one delivery past its lane and whatever time it waits for.
UPDATE groundwork.delivery
SET state = 'admitted',
    dispatches = dispatches + 1,
    flow_run_id = NULL,
    batch_id = CASE WHEN job.batch_size > 1 THEN delivery.id END,
    admitted_at = clock_timestamp(),
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
FROM groundwork.job
WHERE job.name = delivery.job AND delivery.id = :delivery_id AND delivery.state IN (:waiting)
RETURNING delivery.id;

-- name: stored_events
-- Every event in order of acceptance.
SELECT id, name, data, source FROM groundwork.event ORDER BY accepted_at, id;

-- name: known_deliveries
-- Every delivery in the order in which they ended; last those that have not.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.state, delivery.result, delivery.last_error,
       delivery.attempt, event.name AS event_name, event.data, event.workspace_id, cause.name AS cause,
       delivery.waiting_for
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
LEFT JOIN groundwork.event AS cause ON cause.id = event.causation_id
ORDER BY delivery.settled_at NULLS LAST, delivery.sequence;
