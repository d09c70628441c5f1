-- name: accept
-- Store events, and one delivery per job that listens; an event whose workspace, name and id are known is left alone.
WITH incoming AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e (
        position int, id uuid, name text, workspace_id text, user_id text, dedupe_id text, data jsonb,
        occurred_at timestamptz, starts_at timestamptz, source text, correlation_id uuid, causation_id uuid
    )
), stored AS (
    INSERT INTO groundwork.event (
        id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id
    )
    SELECT id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id
    FROM incoming
    ORDER BY position
    ON CONFLICT (workspace_id, name, dedupe_id) DO NOTHING
    RETURNING id
), delivered AS (
    INSERT INTO groundwork.delivery (id, event_id, job, workspace_id, priority, max_attempts, not_before)
    SELECT gen_random_uuid(), incoming.id, job.name, incoming.workspace_id, job.priority, job.max_attempts,
           coalesce(incoming.starts_at, clock_timestamp())
    FROM stored
    JOIN incoming USING (id)
    JOIN groundwork.job ON job.event_name = incoming.name
    ORDER BY incoming.position, job.name
)
SELECT id FROM stored;

-- name: first_ids
-- The ids under which already known events were stored first.
SELECT known.position, event.id
FROM jsonb_to_recordset(CAST(:keys AS jsonb)) AS known (position int, workspace_id text, name text, dedupe_id text)
JOIN groundwork.event USING (workspace_id, name, dedupe_id);

-- name: wake_relay
-- Tell the relays, once this transaction commits, that something may be admitted.
SELECT pg_notify('groundwork_inbox', '');

-- name: store_event
-- Store one event without delivering it to every listening job.
INSERT INTO groundwork.event (id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id)
VALUES (:id, :name, :workspace_id, :user_id, :dedupe_id, CAST(:data AS jsonb), clock_timestamp(), :source, :id)
ON CONFLICT (workspace_id, name, dedupe_id) DO NOTHING;

-- name: record_run
-- Deliver an event to the one job whose run a person started; that run needs no admission.
INSERT INTO groundwork.delivery (
    id, event_id, job, workspace_id, state, dispatches, max_attempts, lease_expires_at, admitted_at, flow_run_id
)
SELECT gen_random_uuid(), event.id, job.name, event.workspace_id, 'admitted', 1, job.max_attempts,
       clock_timestamp() + make_interval(secs => :lease_seconds), clock_timestamp(), :flow_run_id
FROM groundwork.event, groundwork.job
WHERE event.id = :event_id AND job.name = :job
ON CONFLICT (event_id, job) DO NOTHING;

-- name: run_delivery
-- The delivery that a person's run was recorded under.
SELECT delivery.id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE event.workspace_id = :workspace_id AND event.name = :name AND event.dedupe_id = :dedupe_id AND delivery.job = :job;
