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
