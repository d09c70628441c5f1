-- name: overdue
-- Deliveries nobody claimed in time, and attempts that let their lease run out. Of a batch only the first has a lease.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, delivery.flow_run_id, delivery.lease_expires_at, delivery.last_error,
       :on_host AS on_host
FROM groundwork.delivery
WHERE delivery.state IN (:in_flight) AND delivery.lease_expires_at < clock_timestamp()
ORDER BY delivery.lease_expires_at
LIMIT 100;

-- name: start_again
-- Ask for another run of a delivery that nobody claimed; :dispatches is the one that brought none.
UPDATE groundwork.delivery
SET dispatches = dispatches + 1,
    flow_run_id = NULL,
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND dispatches = :dispatches
RETURNING dispatches;

-- name: wait_on
-- Give an asked-for run that is still waiting for a worker more time.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND lease_expires_at < clock_timestamp();

-- name: requeue
-- Put a delivery whose attempt died back into its lane, at its old place, to be started after a delay; a batch as a whole.
-- Its error has no attempt where nobody had claimed it.
-- A batch that nobody claimed has done nothing under the name of its first, and is one no longer.
-- Until then it is scheduled and lets others pass; of an ordered job it stays in the queue and holds up those behind it.
WITH first AS (
    SELECT delivery.id, job.ordered
    FROM groundwork.delivery
    JOIN groundwork.job ON job.name = delivery.job
    WHERE delivery.id = :delivery_id
      AND delivery.state = :state
      AND delivery.attempt = :attempt
      AND delivery.dispatches = :dispatches
      AND (delivery.lease_expires_at < clock_timestamp() OR :at_once)
    FOR UPDATE OF delivery
)
UPDATE groundwork.delivery
SET state = CASE WHEN first.ordered OR :delay_seconds = 0 THEN 'queued' ELSE 'scheduled' END,
    batch_id = CASE WHEN delivery.attempt > 0 THEN delivery.batch_id END,
    lease_expires_at = NULL,
    last_error = :reason,
    attempt_errors = groundwork.with_error(
        attempt_errors, CASE WHEN delivery.state = 'running' THEN delivery.attempt END, flow_run_id, :reason
    ),
    deaths = deaths + CAST(:died AS int),
    not_before = clock_timestamp() + make_interval(secs => :delay_seconds)
FROM first
WHERE delivery.id = first.id OR (delivery.batch_id = first.id AND delivery.state = :state)
RETURNING delivery.id;

-- name: end_delivery
-- End a delivery that no run can settle any more; a batch as a whole.
WITH first AS (
    SELECT id
    FROM groundwork.delivery
    WHERE id = :delivery_id
      AND state = :state
      AND attempt = :attempt
      AND dispatches = :dispatches
      AND (lease_expires_at < clock_timestamp() OR :at_once)
    FOR UPDATE
), ended AS (
    UPDATE groundwork.delivery
    SET state = :outcome,
        lease_expires_at = NULL,
        last_error = :reason,
        attempt_errors = groundwork.with_error(
            attempt_errors, CASE WHEN delivery.state = 'running' THEN delivery.attempt END, flow_run_id, :reason
        ),
        settled_at = clock_timestamp()
    FROM first
    WHERE delivery.id = first.id OR (delivery.batch_id = first.id AND delivery.state = :state)
    RETURNING delivery.*
)
SELECT ended.id, ended.attempt, ended.job, event.id AS event_id, event.name AS event_name, event.workspace_id,
       event.data, event.correlation_id, event.depth
FROM ended
JOIN groundwork.event ON event.id = ended.event_id
ORDER BY ended.id <> :delivery_id, ended.sequence;

-- name: still_admitted
-- Where a delivery stands that was admitted and that Prefect wants to hear nothing of.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, delivery.flow_run_id, delivery.lease_expires_at, delivery.last_error,
       :on_host AS on_host
FROM groundwork.delivery
WHERE delivery.id = :delivery_id AND delivery.state = 'admitted';

-- name: look_again_later
-- Let a delivery that could not be looked after wait for its next turn, so that it keeps no other waiting.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :seconds)
WHERE id = :delivery_id AND state = :state AND lease_expires_at < clock_timestamp();

-- name: still_running
-- Where a delivery stands that an attempt has not brought to its end.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, delivery.flow_run_id, delivery.lease_expires_at, delivery.last_error,
       true AS on_host
FROM groundwork.delivery
WHERE delivery.id = :delivery_id AND delivery.attempt = :attempt AND delivery.state = 'running';
