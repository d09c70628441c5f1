-- name: keep_steps
-- Keep what steps have done and returned, of any number of attempts. Given back are the attempts that still have their
-- deliveries; those of the others are not kept. FOR KEY SHARE keeps later attempts from claiming until this is committed.
WITH record AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset(CAST(:records AS jsonb)) AS record (
        delivery_id uuid, attempt int, number int, step text, work text, began_at timestamptz, ended_at timestamptz,
        tries int, error text, result text
    )
), live AS MATERIALIZED (
    SELECT delivery.id, delivery.attempt
    FROM (SELECT DISTINCT delivery_id, attempt FROM record) AS told
    JOIN groundwork.delivery ON delivery.id = told.delivery_id
    WHERE delivery.attempt = told.attempt AND delivery.state = 'running'
    ORDER BY delivery.id
    FOR KEY SHARE OF delivery
), written AS (
    INSERT INTO groundwork.step_execution (
        delivery_id, attempt, number, step, work, began_at, ended_at, tries, error, result
    )
    SELECT delivery_id, record.attempt, number, step, work, began_at, ended_at, tries, error, result
    FROM record
    JOIN live ON live.id = record.delivery_id AND live.attempt = record.attempt
    ON CONFLICT DO NOTHING
)
SELECT id, attempt FROM live;

-- name: settle_many
-- End attempts, each with the deliveries of its batch and their own outcomes. Given back are the deliveries that ended: where
-- an attempt's first is not among them, a later one has it. The fences are locked in the order of their ids, as elsewhere.
WITH outcome AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset(CAST(:outcomes AS jsonb)) AS outcome (
        id uuid, fence uuid, attempt int, first_step_at timestamptz, state text, result jsonb, last_error text
    )
), fence AS MATERIALIZED (
    SELECT delivery.id, delivery.attempt
    FROM (SELECT DISTINCT fence, attempt FROM outcome) AS told
    JOIN groundwork.delivery ON delivery.id = told.fence
    WHERE delivery.attempt = told.attempt AND delivery.state = 'running'
    ORDER BY delivery.id
    FOR UPDATE OF delivery
)
UPDATE groundwork.delivery
SET state = outcome.state,
    result = outcome.result,
    last_error = outcome.last_error,
    first_step_at = coalesce(outcome.first_step_at, delivery.first_step_at),
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
FROM outcome
JOIN fence ON fence.id = outcome.fence AND fence.attempt = outcome.attempt
WHERE delivery.id = outcome.id AND delivery.state = 'running' AND delivery.attempt = outcome.attempt
RETURNING delivery.id, delivery.attempt;
