-- name: claim
-- Start one attempt at a delivery, or at a batch by its first delivery: take the lease and the next fencing token, which
-- the first of a batch holds for all. FOR UPDATE waits for ledger writes of the attempt before, which hold FOR KEY SHARE,
-- so this attempt sees them. The same flow run may claim again: Prefect runs it anew after a crash, or a person retries
-- a failed run. Whose attempt it takes over had no word to say of its end: that is noted. Deliveries of a batch that failed alone, as misfits do, come along only where the whole batch failed.
WITH target AS (
    SELECT id, attempt + 1 AS attempt, state
    FROM groundwork.delivery
    WHERE id = :delivery_id
      AND (batch_id IS NULL OR batch_id = id)
      AND (
          state = 'admitted'
          OR (state = 'running' AND (lease_expires_at < clock_timestamp() OR flow_run_id = :flow_run_id))
          OR (state = 'failed' AND flow_run_id = :flow_run_id)
      )
    FOR UPDATE
), claimed AS (
    UPDATE groundwork.delivery
    SET state = 'running',
        attempt = target.attempt,
        flow_run_id = :flow_run_id,
        lease_expires_at = CASE
            WHEN delivery.id = target.id THEN clock_timestamp() + make_interval(secs => :lease_seconds)
        END,
        run_created_at = :run_created_at,
        picked_up_at = :picked_up_at,
        process_started_at = :process_started_at,
        claimed_at = clock_timestamp(),
        attempt_errors = CASE
            WHEN target.state <> 'running' THEN delivery.attempt_errors
            ELSE groundwork.with_error(
                delivery.attempt_errors, delivery.attempt, delivery.flow_run_id,
                'The attempt ended without a word: its process died, or its run was started anew.'
            )
        END,
        waiting_for = NULL,
        keeps_place = false,
        settled_at = NULL
    FROM target
    WHERE (delivery.id = :delivery_id OR delivery.batch_id = :delivery_id)
      AND (
          delivery.state IN (:in_flight)
          OR (delivery.state = 'failed' AND target.state = 'failed' AND delivery.flow_run_id = :flow_run_id)
      )
    RETURNING delivery.*
)
SELECT claimed.id, claimed.attempt, claimed.job,
       event.id AS event_id, event.name AS event_name, event.workspace_id, event.data, event.correlation_id, event.depth
FROM claimed
JOIN groundwork.event ON event.id = claimed.event_id
ORDER BY claimed.id <> :delivery_id, claimed.sequence;

-- name: store_event
-- Store one event without delivering it to every listening job.
INSERT INTO groundwork.event (id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id)
VALUES (:id, :name, :workspace_id, :user_id, :dedupe_id, CAST(:data AS jsonb), clock_timestamp(), :source, :id)
ON CONFLICT (workspace_id, name, dedupe_id) DO NOTHING;

-- name: record_run
-- Deliver an event to the one job whose run a person or a schedule started; that run needs no admission.
INSERT INTO groundwork.delivery (
    id, event_id, job, workspace_id, limit_keys, state, dispatches, max_attempts, lease_expires_at, admitted_at,
    flow_run_id
)
SELECT gen_random_uuid(), event.id, job.name, event.workspace_id,
       groundwork.limit_keys(job.flow_control -> 'key_fields', event.data), 'admitted', 1, job.max_attempts,
       clock_timestamp() + make_interval(secs => :lease_seconds), clock_timestamp(), :flow_run_id
FROM groundwork.event, groundwork.job
WHERE event.id = :event_id AND job.name = :job
ON CONFLICT (event_id, job) DO NOTHING;

-- name: run_delivery
-- The delivery that such a run was recorded under.
SELECT delivery.id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE event.workspace_id = :workspace_id AND event.name = :name AND event.dedupe_id = :dedupe_id AND delivery.job = :job;
