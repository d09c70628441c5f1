-- name: holder
-- Who has a delivery, and how it stands.
SELECT state, attempt, flow_run_id FROM groundwork.delivery WHERE id = :delivery_id;
