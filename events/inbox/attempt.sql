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
    attempt_errors = CASE
        WHEN outcome.last_error IS NULL THEN delivery.attempt_errors
        ELSE groundwork.with_error(
            delivery.attempt_errors, delivery.attempt, delivery.flow_run_id, outcome.last_error
        )
    END,
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:outcomes AS jsonb)) AS outcome (id uuid, state text, result jsonb, last_error text), fence
WHERE delivery.id = outcome.id AND delivery.state = 'running' AND delivery.attempt = :attempt
RETURNING delivery.id;
