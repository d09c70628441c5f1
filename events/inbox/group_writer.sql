-- name: hold_fences
-- The attempts among these that still have their deliveries. No later one claims, and nobody cancels, until this is committed.
-- All are locked at once, in the order of their ids, as whoever else locks several does: what follows waits for nobody. A
-- ledger step of the same attempt, which may be under way in another thread, is not waited for either.
SELECT delivery.id, delivery.attempt
FROM unnest(CAST(:delivery_ids AS uuid[]), CAST(:attempts AS integer[])) AS told (id, attempt)
JOIN groundwork.delivery ON delivery.id = told.id
WHERE delivery.attempt = told.attempt AND delivery.state = 'running'
ORDER BY delivery.id
FOR NO KEY UPDATE OF delivery;

-- name: keep_steps
-- Keep what steps have done and returned, of any number of attempts whose fences are held.
INSERT INTO groundwork.step_execution (
    delivery_id, attempt, number, step, work, began_at, ended_at, tries, error, result
)
SELECT delivery_id, attempt, number, step, work, began_at, ended_at, tries, error, result
FROM jsonb_to_recordset(CAST(:records AS jsonb)) AS record (
    delivery_id uuid, attempt int, number int, step text, work text, began_at timestamptz, ended_at timestamptz,
    tries int, error text, result text
)
ON CONFLICT DO NOTHING;

-- name: settle_many
-- End attempts whose fences are held, each with the deliveries of its batch and their own outcomes.
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
    first_step_at = coalesce(outcome.first_step_at, delivery.first_step_at),
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:outcomes AS jsonb)) AS outcome (
    id uuid, attempt int, first_step_at timestamptz, state text, result jsonb, last_error text
)
WHERE delivery.id = outcome.id AND delivery.state = 'running' AND delivery.attempt = outcome.attempt
RETURNING delivery.id;
