-- name: claim
-- Start one attempt at a delivery: take the lease and the next fencing token. FOR UPDATE waits for ledger writes of the
-- attempt before, which hold FOR KEY SHARE, so this attempt sees them. The same flow run may claim again: Prefect runs
-- it anew after a crash, or a person retries a failed run.
WITH target AS (
    SELECT id
    FROM groundwork.delivery
    WHERE id = :delivery_id
      AND (
          state = 'admitted'
          OR (state = 'running' AND (lease_expires_at < clock_timestamp() OR flow_run_id = :flow_run_id))
          OR (state = 'failed' AND flow_run_id = :flow_run_id)
      )
    FOR UPDATE
)
UPDATE groundwork.delivery
SET state = 'running',
    attempt = attempt + 1,
    flow_run_id = :flow_run_id,
    lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds),
    run_created_at = :run_created_at,
    picked_up_at = :picked_up_at,
    process_started_at = :process_started_at,
    claimed_at = clock_timestamp(),
    settled_at = NULL
FROM target, groundwork.event
WHERE delivery.id = target.id AND event.id = delivery.event_id
RETURNING delivery.id, delivery.attempt, delivery.job, event.id AS event_id, event.name AS event_name, event.data,
          event.correlation_id;

-- name: holder
-- Who has a delivery that could not be claimed.
SELECT state, flow_run_id FROM groundwork.delivery WHERE id = :delivery_id;

-- name: renew
-- Keep the lease of a live attempt. No row: a later attempt has the delivery.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
RETURNING id;

-- name: first_step
-- Note when an attempt's first step began.
UPDATE groundwork.delivery
SET first_step_at = clock_timestamp()
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running';

-- name: progress
-- Show how far a live attempt has come.
UPDATE groundwork.delivery
SET progress = CAST(:progress AS jsonb)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running';

-- name: settle
-- End an attempt. No row: a later attempt has the delivery, and this one's outcome does not count.
UPDATE groundwork.delivery
SET state = :state,
    result = CAST(:result AS jsonb),
    last_error = :last_error,
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
RETURNING id;

-- name: ledger_row
-- What a step has already written for this key.
SELECT result FROM groundwork.step_ledger WHERE delivery_id = :delivery_id AND step = :step AND key = :key;

-- name: ledger_rows
-- Everything a step has already written.
SELECT key, result FROM groundwork.step_ledger WHERE delivery_id = :delivery_id AND step = :step;

-- name: write_ledger
-- Record a step's effect, in the effect's own transaction. No row: this attempt is stale, and the effect must be rolled
-- back. FOR KEY SHARE keeps a later attempt from claiming until this transaction ends, and lets the lease be renewed.
INSERT INTO groundwork.step_ledger (delivery_id, step, key, attempt, result)
SELECT id, :step, :key, attempt, CAST(:result AS jsonb)
FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
FOR KEY SHARE
RETURNING delivery_id;
