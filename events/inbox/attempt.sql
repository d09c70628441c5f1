-- name: claim
-- Start one attempt at a delivery, or at a batch by its first delivery: take the lease and the next fencing token, which
-- the first of a batch holds for all. FOR UPDATE waits for ledger writes of the attempt before, which hold FOR KEY SHARE,
-- so this attempt sees them. The same flow run may claim again: Prefect runs it anew after a crash, or a person retries
-- a failed run.
WITH target AS (
    SELECT id, attempt + 1 AS attempt
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
        settled_at = NULL
    FROM target
    WHERE (delivery.id = :delivery_id OR delivery.batch_id = :delivery_id)
      AND (
          delivery.state IN ('admitted', 'running')
          OR (delivery.state = 'failed' AND delivery.flow_run_id = :flow_run_id)
      )
    RETURNING delivery.*
)
SELECT claimed.id, claimed.attempt, claimed.job,
       event.id AS event_id, event.name AS event_name, event.data, event.correlation_id
FROM claimed
JOIN groundwork.event ON event.id = claimed.event_id
ORDER BY claimed.id <> :delivery_id, claimed.sequence;

-- name: holder
-- Who has a delivery, and how it stands, for a run that may not claim or settle it.
SELECT state, attempt, flow_run_id FROM groundwork.delivery WHERE id = :delivery_id;

-- name: renew
-- Keep the lease of a live attempt. No row: a later attempt has the delivery.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
RETURNING id;

-- name: wake_relay_if_interactive
-- Tell the relays that an interactive run has started: bulk runs had given way to its start.
SELECT pg_notify('groundwork_inbox', '')
FROM groundwork.delivery
JOIN groundwork.job ON job.name = delivery.job AND job.interactive
WHERE delivery.id = :delivery_id;

-- name: keep_fence
-- Keep later attempts from claiming until this transaction ends. No row: the delivery is a later one's, or waits for it. An
-- attempt that has ended keeps its fence, for what its job does on failure.
SELECT id
FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND (state = 'running' OR settled_at IS NOT NULL)
FOR KEY SHARE;

-- name: first_step
-- Note when an attempt's first step began.
UPDATE groundwork.delivery
SET first_step_at = clock_timestamp()
WHERE (id = :delivery_id OR batch_id = :delivery_id) AND attempt = :attempt AND state = 'running';

-- name: progress
-- Show how far a live attempt has come.
UPDATE groundwork.delivery
SET progress = CAST(:progress AS jsonb)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running';

-- name: settle
-- End an attempt: every delivery of its batch, each with its own outcome. No row: a later attempt has the delivery, and
-- this one's outcome does not count. The first of the batch is the fence.
WITH fence AS MATERIALIZED (
    SELECT id
    FROM groundwork.delivery
    WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
    FOR UPDATE
)
UPDATE groundwork.delivery
SET state = outcome.state,
    result = outcome.result,
    last_error = outcome.last_error,
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:outcomes AS jsonb)) AS outcome (id uuid, state text, result jsonb, last_error text), fence
WHERE delivery.id = outcome.id AND delivery.state = 'running' AND delivery.attempt = :attempt
RETURNING delivery.id;

-- name: ledger_row
-- What a step has already written for this key.
SELECT result
FROM groundwork.step_ledger
WHERE delivery_id = :delivery_id AND step = groundwork.bounded_key(:step) AND key = groundwork.bounded_key(:key);

-- name: ledger_rows
-- Everything a step has already written.
SELECT key, result FROM groundwork.step_ledger WHERE delivery_id = :delivery_id AND step = groundwork.bounded_key(:step);

-- name: write_ledger
-- Record a step's effect, in the effect's own transaction. No row: this attempt is stale, and the effect must be rolled
-- back. FOR KEY SHARE keeps a later attempt from claiming until this transaction ends, and lets the lease be renewed.
INSERT INTO groundwork.step_ledger (delivery_id, step, key, attempt, result)
SELECT id, groundwork.bounded_key(:step), groundwork.bounded_key(:key), attempt, CAST(:result AS jsonb)
FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
FOR KEY SHARE
RETURNING delivery_id;
