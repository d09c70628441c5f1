-- name: give_places_back
-- Let deliveries of a job that nothing can run give their places up: they are queued again where they were, and wait. What
-- has a run already is left to it.
UPDATE groundwork.delivery
SET state = 'queued',
    batch_id = CASE WHEN attempt > 0 THEN batch_id END,
    lease_expires_at = NULL,
    last_error = :reason
WHERE id IN (
    SELECT id
    FROM groundwork.delivery
    WHERE job = :job AND state = 'admitted' AND flow_run_id IS NULL
    ORDER BY sequence
    LIMIT 10000
    FOR UPDATE SKIP LOCKED
);

-- name: note_why_it_waits
-- Let the oldest deliveries of a job that is held say why they wait. They are looked up by their ids alone (state || ''),
-- whatever statistics say of how many are queued.
UPDATE groundwork.delivery
SET last_error = :reason
WHERE id IN (
    SELECT id FROM groundwork.delivery WHERE job = :job AND state = 'queued' ORDER BY sequence LIMIT 1000
)
  AND state || '' = 'queued'
  AND last_error IS DISTINCT FROM :reason;

-- name: note_held
-- Keep why jobs are held, for lanes and status. Jobs that are not among them can start.
UPDATE groundwork.job
SET held_because = CAST(:reasons AS jsonb) ->> name
WHERE held_because IS DISTINCT FROM CAST(:reasons AS jsonb) ->> name;
