-- name: ledger_row
-- What a step has already written for this key. A row without identity is of once(), or of a release in which steps had
-- none, which made other keys of some values; the step says whether such a row is its own. once() takes any step's.
SELECT result, identity
FROM groundwork.step_ledger
WHERE delivery_id = :delivery_id AND step = groundwork.bounded_key(:step)
  AND (key = groundwork.bounded_key(:key)
       AND (identity IN (groundwork.bounded_key(:identity), '') OR CAST(:identity AS text) = '')
       OR key = groundwork.bounded_key(:old_key) AND identity = '')
ORDER BY identity DESC
LIMIT 1;

-- name: ledger_rows
-- What the steps of a name have already written: one of them, with what has no identity, or all.
SELECT key, result, identity
FROM groundwork.step_ledger
WHERE delivery_id = :delivery_id AND step = groundwork.bounded_key(:step)
  AND (identity IN (groundwork.bounded_key(:identity), '') OR CAST(:identity AS text) IS NULL)
ORDER BY identity;

-- name: write_ledger
-- Record a step's effect, in the effect's own transaction. No row: this attempt is stale, and the effect must be rolled
-- back. FOR KEY SHARE keeps a later attempt from claiming until this transaction ends, and lets the lease be renewed.
INSERT INTO groundwork.step_ledger (delivery_id, step, key, identity, attempt, result)
SELECT id, groundwork.bounded_key(:step), groundwork.bounded_key(:key), groundwork.bounded_key(:identity), attempt, CAST(:result AS jsonb)
FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
FOR KEY SHARE
RETURNING delivery_id;
