-- name: was_sent
-- Whether an event has been stored under this id.
SELECT EXISTS (
    SELECT FROM groundwork.event WHERE workspace_id = :workspace_id AND name = :name AND dedupe_id = :dedupe_id
);
