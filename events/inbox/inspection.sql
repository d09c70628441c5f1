-- name: event_data
-- What an event carries, and who sent it.
SELECT id, name, workspace_id, user_id, data, source, dedupe_id, sent_id, accepted_at, occurred_at, correlation_id,
       causation_id, depth
FROM groundwork.event
WHERE id = :id;

-- name: sizes
-- Results that are kept of an event's deliveries: of steps with an effect in the database, and of steps of light runs.
SELECT *
FROM (
    SELECT delivery.job, step_ledger.attempt, step_ledger.step, step_ledger.key, step_ledger.written_at AS ended_at,
           CAST(NULL AS float) AS seconds, 1 AS tries, CAST(NULL AS text) AS error,
           octet_length(CAST(step_ledger.result AS text)) AS bytes
    FROM groundwork.delivery
    JOIN groundwork.step_ledger ON step_ledger.delivery_id = delivery.id
    WHERE delivery.event_id = :id
    UNION ALL
    SELECT delivery.job, step_execution.attempt, step_execution.step, '', step_execution.ended_at,
           CAST(extract(epoch FROM ended_at - began_at) AS float), step_execution.tries, left(step_execution.error, 2000),
           octet_length(step_execution.result)
    FROM groundwork.delivery
    JOIN groundwork.step_execution ON step_execution.delivery_id = delivery.id
    WHERE delivery.event_id = :id
) AS step
ORDER BY ended_at DESC
LIMIT :most;

-- name: chain
-- The events of a chain, from the first on: its own id is that of the chain, and the others have an index.
SELECT *
FROM (
    SELECT id, name, workspace_id, accepted_at, causation_id
    FROM groundwork.event
    WHERE id = :correlation_id
    UNION ALL
    (
        SELECT id, name, workspace_id, accepted_at, causation_id
        FROM groundwork.event
        WHERE correlation_id = :correlation_id AND causation_id IS NOT NULL
        ORDER BY accepted_at
        LIMIT :most
    )
) AS event
ORDER BY accepted_at, id;

