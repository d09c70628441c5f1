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

-- name: store_event
-- Store one event without delivering it to every listening job.
INSERT INTO groundwork.event (id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id)
VALUES (:id, :name, :workspace_id, :user_id, :dedupe_id, CAST(:data AS jsonb), clock_timestamp(), :source, :id)
ON CONFLICT (workspace_id, name, dedupe_id) DO NOTHING;

-- name: run_delivery
-- The delivery that a person's run was recorded under.
SELECT delivery.id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE event.workspace_id = :workspace_id AND event.name = :name AND event.dedupe_id = :dedupe_id AND delivery.job = :job;

-- name: claim
-- Start one attempt at a delivery: take the lease and the next fencing token. FOR UPDATE waits for ledger writes of the
-- attempt before, which hold FOR KEY SHARE, so this attempt sees them. The same flow run may claim again: Prefect runs
-- it anew after a crash, or a person retries a failed run.
WITH target AS (
    SELECT id
    FROM groundwork.delivery
    WHERE id = :delivery_id
      AND (
          state = 'admitted'
          OR (state = 'running' AND (lease_expires_at < clock_timestamp() OR flow_run_id = :flow_run_id))
          OR (state = 'failed' AND flow_run_id = :flow_run_id)
      )
    FOR UPDATE
)
UPDATE groundwork.delivery
SET state = 'running',
    attempt = attempt + 1,
    flow_run_id = :flow_run_id,
    lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds),
    run_created_at = :run_created_at,
    picked_up_at = :picked_up_at,
    process_started_at = :process_started_at,
    claimed_at = clock_timestamp(),
    settled_at = NULL
FROM target, groundwork.event
WHERE delivery.id = target.id AND event.id = delivery.event_id
RETURNING delivery.id, delivery.attempt, delivery.job, event.id AS event_id, event.name AS event_name, event.data,
          event.correlation_id;

-- name: holder
-- Who has a delivery that could not be claimed.
SELECT state, flow_run_id FROM groundwork.delivery WHERE id = :delivery_id;

-- name: renew
-- Keep the lease of a live attempt. No row: a later attempt has the delivery.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
RETURNING id;

-- name: first_step
-- Note when an attempt's first step began.
UPDATE groundwork.delivery
SET first_step_at = clock_timestamp()
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running';

-- name: progress
-- Show how far a live attempt has come.
UPDATE groundwork.delivery
SET progress = CAST(:progress AS jsonb)
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running';

-- name: settle
-- End an attempt. No row: a later attempt has the delivery, and this one's outcome does not count.
UPDATE groundwork.delivery
SET state = :state,
    result = CAST(:result AS jsonb),
    last_error = :last_error,
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
RETURNING id;

-- name: ledger_row
-- What a step has already written for this key.
SELECT result FROM groundwork.step_ledger WHERE delivery_id = :delivery_id AND step = :step AND key = :key;

-- name: ledger_rows
-- Everything a step has already written.
SELECT key, result FROM groundwork.step_ledger WHERE delivery_id = :delivery_id AND step = :step;

-- name: write_ledger
-- Record a step's effect, in the effect's own transaction. No row: this attempt is stale, and the effect must be rolled
-- back. FOR KEY SHARE keeps a later attempt from claiming until this transaction ends, and lets the lease be renewed.
INSERT INTO groundwork.step_ledger (delivery_id, step, key, attempt, result)
SELECT id, :step, :key, attempt, CAST(:result AS jsonb)
FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND state = 'running'
FOR KEY SHARE
RETURNING delivery_id;

-- name: admit
-- Admit queued deliveries: in each lane the oldest, as far as the lane has room; over all lanes by priority, then age,
-- as far as the workers have room. Walks from lane to lane on delivery_queued_idx, so the cost grows with the number
-- of lanes and not with the backlog.
WITH RECURSIVE lane AS (
    (
        SELECT job, workspace_id
        FROM groundwork.delivery
        WHERE state = 'queued'
        ORDER BY job, workspace_id
        LIMIT 1
    )
    UNION ALL
    SELECT next_lane.job, next_lane.workspace_id
    FROM lane
    CROSS JOIN LATERAL (
        SELECT job, workspace_id
        FROM groundwork.delivery
        WHERE state = 'queued' AND (job, workspace_id) > (lane.job, lane.workspace_id)
        ORDER BY job, workspace_id
        LIMIT 1
    ) AS next_lane
), in_flight AS (
    SELECT job, workspace_id, count(*) AS deliveries
    FROM groundwork.delivery
    WHERE state IN ('admitted', 'running')
    GROUP BY job, workspace_id
), lane_room AS (
    SELECT lane.job, lane.workspace_id,
           coalesce(lane_override.lane_limit, job.lane_limit) - coalesce(in_flight.deliveries, 0) AS room
    FROM lane
    JOIN groundwork.job ON job.name = lane.job
    LEFT JOIN groundwork.lane_override USING (job, workspace_id)
    LEFT JOIN in_flight USING (job, workspace_id)
    WHERE NOT job.paused AND NOT coalesce(lane_override.paused, false)
), candidate AS (
    SELECT oldest.id, oldest.priority, oldest.sequence
    FROM lane_room
    CROSS JOIN LATERAL (
        SELECT id, priority, sequence
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND job = lane_room.job
          AND workspace_id = lane_room.workspace_id
          AND not_before <= clock_timestamp()
        ORDER BY sequence
        LIMIT lane_room.room
    ) AS oldest
    WHERE lane_room.room > 0
), chosen AS (
    SELECT id
    FROM candidate
    ORDER BY priority DESC, sequence
    LIMIT greatest(:capacity - (SELECT coalesce(sum(deliveries), 0) FROM in_flight), 0)
)
UPDATE groundwork.delivery
SET state = 'admitted',
    dispatches = dispatches + 1,
    flow_run_id = NULL,
    admitted_at = clock_timestamp(),
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
FROM chosen, groundwork.event
WHERE delivery.id = chosen.id AND event.id = delivery.event_id
RETURNING delivery.id, delivery.job, delivery.workspace_id, delivery.dispatches, delivery.sequence,
          event.id AS event_id, event.name AS event_name;

-- name: posted
-- Note when Prefect had the events of admitted deliveries, and tell the workers how many runs are about to be made. The
-- time to be claimed begins anew: Prefect may have been away for long since they were admitted.
WITH noted AS (
    UPDATE groundwork.delivery
    SET posted_at = clock_timestamp(),
        lease_expires_at = CASE
            WHEN state = 'admitted' THEN clock_timestamp() + make_interval(secs => :claim_seconds)
            ELSE lease_expires_at
        END
    WHERE id = ANY(:delivery_ids)
    RETURNING id
)
SELECT pg_notify('groundwork_posted', count(*)::text) FROM noted;

-- name: overdue
-- Deliveries nobody claimed in time, and attempts that let their lease run out.
SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt, delivery.dispatches,
       delivery.max_attempts, delivery.flow_run_id, delivery.lease_expires_at, event.id AS event_id,
       event.name AS event_name, event.data, event.correlation_id
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state IN ('admitted', 'running') AND delivery.lease_expires_at < clock_timestamp()
ORDER BY delivery.lease_expires_at
LIMIT 100;

-- name: start_again
-- Ask for another run of a delivery that nobody claimed in time.
UPDATE groundwork.delivery
SET dispatches = dispatches + 1,
    flow_run_id = NULL,
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND lease_expires_at < clock_timestamp()
RETURNING dispatches;

-- name: run_created
-- Remember the run that was asked for, so that the sweeper can see how it fares.
UPDATE groundwork.delivery
SET flow_run_id = :flow_run_id
WHERE id = :delivery_id AND state = 'admitted' AND dispatches = :dispatches;

-- name: wait_on
-- Give an asked-for run that is still waiting for a worker more time.
UPDATE groundwork.delivery
SET lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
WHERE id = :delivery_id AND state = 'admitted' AND lease_expires_at < clock_timestamp();

-- name: requeue
-- Put a delivery whose attempt died back into its lane, at its old place, to be started after a delay.
UPDATE groundwork.delivery
SET state = 'queued',
    lease_expires_at = NULL,
    last_error = :reason,
    not_before = clock_timestamp() + make_interval(secs => :delay_seconds)
WHERE id = :delivery_id AND state = :state AND attempt = :attempt AND lease_expires_at < clock_timestamp()
RETURNING id;

-- name: give_up
-- End a delivery that no run can settle any more.
UPDATE groundwork.delivery
SET state = :outcome,
    lease_expires_at = NULL,
    last_error = :reason,
    settled_at = clock_timestamp()
WHERE id = :delivery_id AND state = :state AND attempt = :attempt AND lease_expires_at < clock_timestamp()
RETURNING id;

-- name: event_status
-- An event and its deliveries, for the sender's own page.
SELECT event.id, event.name, event.workspace_id, event.user_id, event.accepted_at, event.occurred_at,
       event.correlation_id, event.causation_id, delivery.id AS delivery_id, delivery.job, delivery.state,
       delivery.attempt, delivery.progress, delivery.result, delivery.last_error, delivery.flow_run_id,
       delivery.not_before, delivery.admitted_at, delivery.posted_at, delivery.run_created_at,
       delivery.picked_up_at, delivery.process_started_at, delivery.claimed_at, delivery.first_step_at, delivery.settled_at
FROM groundwork.event
LEFT JOIN groundwork.delivery ON delivery.event_id = event.id
WHERE event.id = :event_id
ORDER BY delivery.job;
