-- name: overdue
-- Deliveries nobody claimed in time, and attempts that let their lease run out.
SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt, delivery.dispatches,
       delivery.max_attempts, delivery.flow_run_id, delivery.lease_expires_at, event.id AS event_id,
       event.name AS event_name, event.data, event.correlation_id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state IN ('admitted', 'running') AND delivery.lease_expires_at < clock_timestamp()
ORDER BY delivery.lease_expires_at
LIMIT 100;

-- name: start_again
-- Ask for another run of a delivery that nobody claimed in time.
UPDATE groundwork.delivery
SET dispatches = dispatches + 1,
    flow_run_id = NULL,
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND lease_expires_at < clock_timestamp()
RETURNING dispatches;

-- name: run_created
-- Remember the run that was asked for, so that the sweeper can see how it fares.
UPDATE groundwork.delivery
SET flow_run_id = :flow_run_id
WHERE id = :delivery_id AND state = 'admitted' AND dispatches = :dispatches;

-- name: wait_on
-- Give an asked-for run that is still waiting for a worker more time.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND lease_expires_at < clock_timestamp();

-- name: requeue
-- Put a delivery whose attempt died back into its lane, at its old place, to be started after a delay.
UPDATE groundwork.delivery
SET state = 'queued',
    lease_expires_at = NULL,
    last_error = :reason,
    not_before = clock_timestamp() + make_interval(secs => :delay_seconds)
WHERE id = :delivery_id AND state = :state AND attempt = :attempt AND lease_expires_at < clock_timestamp()
RETURNING id;

-- name: give_up
-- End a delivery that no run can settle any more.
UPDATE groundwork.delivery
SET state = :outcome,
    lease_expires_at = NULL,
    last_error = :reason,
    settled_at = clock_timestamp()
WHERE id = :delivery_id AND state = :state AND attempt = :attempt AND lease_expires_at < clock_timestamp()
RETURNING id;
