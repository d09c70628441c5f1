-- name: create_import
INSERT INTO app.csv_import (id, workspace_id, user_id, filename, blob_path)
VALUES (:import_id, :workspace_id, :user_id, :filename, :blob_path);

-- name: begin_import
UPDATE app.csv_import
SET status = 'processing', started_at = clock_timestamp()
WHERE id = :import_id AND workspace_id = :workspace_id AND status = 'pending'
RETURNING id, workspace_id, filename, blob_path;

-- name: import_status
SELECT status FROM app.csv_import WHERE id = :import_id AND workspace_id = :workspace_id;

-- name: reopen_import
UPDATE app.csv_import SET status = 'processing', error_log = NULL WHERE id = :import_id AND status = 'failed';

-- name: filename_of
SELECT filename FROM app.csv_import WHERE id = :import_id;

-- name: finish_import
UPDATE app.csv_import
SET status = :status, summary = CAST(:summary AS jsonb), rejects_path = :rejects_path, error_log = NULL,
    finished_at = clock_timestamp()
WHERE id = :import_id
RETURNING extract(epoch FROM clock_timestamp() - started_at);

-- name: fail_import
UPDATE app.csv_import
SET status = 'failed', error_log = :error, finished_at = clock_timestamp()
WHERE id = :import_id;
