-- name: unstartable
-- Deliveries of a job that nothing can run and that have had their last try. One that was admitted counted as it was.
SELECT id, job, workspace_id, state, attempt, dispatches, max_attempts, continuations, flow_run_id, lease_expires_at, last_error
FROM groundwork.delivery
WHERE job = :job
  AND (
      (state = 'queued' AND not_before <= clock_timestamp() AND dispatches + 1 - attempt >= max_attempts)
      OR (
          state = 'admitted'
          AND flow_run_id IS NULL
          AND lease_expires_at IS NOT NULL
          AND dispatches - attempt >= max_attempts
      )
  )
ORDER BY sequence
LIMIT 100;

-- name: put_off
-- Let deliveries of a job that nothing can run give their places up and wait: an eighth of the claim deadline at first, then
-- twice as long each time. Of an ordered job they stay in the queue.
WITH due AS (
    SELECT delivery.id, delivery.state, job.ordered,
           CASE WHEN delivery.state = 'queued' THEN delivery.dispatches + 1 ELSE delivery.dispatches END AS dispatches
    FROM groundwork.delivery
    JOIN groundwork.job ON job.name = delivery.job
    WHERE delivery.job = :job
      AND (
          (delivery.state = 'queued' AND delivery.not_before <= clock_timestamp())
          OR (delivery.state = 'admitted' AND delivery.flow_run_id IS NULL)
      )
    ORDER BY delivery.sequence
    LIMIT 10000
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE groundwork.delivery
SET state = CASE WHEN due.ordered THEN 'queued' ELSE 'scheduled' END,
    dispatches = due.dispatches,
    batch_id = CASE WHEN delivery.attempt > 0 THEN delivery.batch_id END,
    lease_expires_at = NULL,
    last_error = :reason,
    not_before = clock_timestamp() + make_interval(
        secs => :longest * least(power(2, greatest(due.dispatches - delivery.attempt, 1) - 1) / 8, 1)
    )
FROM due
WHERE delivery.id = due.id;

-- name: note_why_it_waits
-- Let the oldest deliveries of a job that is held say why they wait.
UPDATE groundwork.delivery
SET last_error = :reason
WHERE id IN (
    SELECT id FROM groundwork.delivery WHERE job = :job AND state = 'queued' ORDER BY sequence LIMIT 1000
)
  AND state = 'queued'
  AND last_error IS DISTINCT FROM :reason;
