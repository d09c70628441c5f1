-- name: record
-- Record what a person changed.
INSERT INTO groundwork.audit_entry (actor, action, job, workspace_id, details)
VALUES (:actor, :action, :job, :workspace_id, CAST(:details AS jsonb));

-- name: audit_entries
-- What people changed, the latest first.
SELECT id, at, actor, action, job, workspace_id, details
FROM groundwork.audit_entry
WHERE CAST(:before AS bigint) IS NULL OR id < :before
ORDER BY id DESC
LIMIT :most;
