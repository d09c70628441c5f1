-- name: earlier_tries
-- What a piece of work has used up in earlier runs.
SELECT CAST(answer ->> 'tries' AS int) AS tries, set_up_at AS since
FROM groundwork.wait
WHERE delivery_id = :delivery_id AND name = groundwork.bounded_key('try of ' || :work);

-- name: put_off
-- Remember what a piece of work has used up, and why its delivery waits.
WITH told AS (
    UPDATE groundwork.delivery
    SET last_error = :reason, attempt_errors = groundwork.with_error(attempt_errors, attempt, flow_run_id, :reason)
    WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
)
INSERT INTO groundwork.wait (delivery_id, name, kind, workspace_id, due_at, answer, blockage)
SELECT id, groundwork.bounded_key('try of ' || :work), 'retry', workspace_id,
       clock_timestamp() + make_interval(secs => :seconds), jsonb_build_object('tries', CAST(:tries AS int)), :blockage
FROM groundwork.delivery
WHERE id = :delivery_id
ON CONFLICT (delivery_id, name) DO UPDATE
SET due_at = excluded.due_at, answer = excluded.answer, blockage = excluded.blockage
RETURNING due_at;
