-- name: create_export
INSERT INTO app.contact_export (id, workspace_id, user_id) VALUES (:export_id, :workspace_id, :user_id);

-- name: begin_export
UPDATE app.contact_export
SET status = 'processing', format = :format, started_at = clock_timestamp()
WHERE id = :export_id AND workspace_id = :workspace_id AND status = 'pending'
RETURNING id, workspace_id, format;

-- name: export_status
SELECT status FROM app.contact_export WHERE id = :export_id AND workspace_id = :workspace_id;

-- name: reopen_export
UPDATE app.contact_export
SET status = 'processing', error_log = NULL, finished_at = NULL
WHERE id = :export_id AND status IN ('failed', 'cancelled');

-- name: finish_export
UPDATE app.contact_export
SET status = 'completed', blob_path = :blob_path, rows = :rows, bytes = :bytes, sha256 = :sha256, error_log = NULL,
    finished_at = now(), expires_at = now() + make_interval(secs => :link_seconds)
WHERE id = :export_id
RETURNING extract(epoch FROM now() - started_at) AS seconds, finished_at, expires_at;

-- name: fail_export
-- A person who cancelled the delivery knows that there is no file; everyone else has to be told.
UPDATE app.contact_export
SET status = :status, error_log = :error, finished_at = clock_timestamp()
WHERE id = :export_id;
