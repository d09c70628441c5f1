-- name: accept
-- Store events, and one delivery per job that listens; an event whose workspace, name and id are known is left alone. What
-- a job says of keys and times (flow_control) is fixed here, where the event's data is. A delivery whose idempotency key
-- another one has is cancelled at once and names that one; ON CONFLICT DO UPDATE waits for an acceptance under way.
-- Keys are as long as payloads make them, and bounded for the indexes that hold them. An event of a name that some job has
-- ever waited for is noted as an arrival, for the relay to answer waits by.
WITH incoming AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e (
        position int, id uuid, name text, workspace_id text, user_id text, dedupe_id text, data jsonb,
        occurred_at timestamptz, starts_at timestamptz, source text, correlation_id uuid, causation_id uuid,
        depth int
    )
), stored AS (
    INSERT INTO groundwork.event (
        id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id, depth
    )
    SELECT id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id, depth
    FROM incoming
    ORDER BY position
    ON CONFLICT (workspace_id, name, dedupe_id) DO NOTHING
    RETURNING id
), arrived AS (
    INSERT INTO groundwork.arrival (event_id)
    SELECT stored.id
    FROM stored
    JOIN incoming USING (id)
    WHERE incoming.name IN (SELECT name FROM groundwork.awaited_event)
), wanted AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, incoming.id AS event_id, incoming.position, incoming.workspace_id,
           job.name AS job, job.priority, job.max_attempts,
           greatest(coalesce(incoming.starts_at, clock_timestamp()), clock_timestamp())
               + make_interval(secs => coalesce(CAST(control #>> '{debounce,seconds}' AS float), 0)) AS not_before,
           incoming.starts_at > clock_timestamp() OR control ? 'debounce' AS later,
           CASE
               WHEN control ? 'flow_key'
               THEN coalesce(groundwork.bounded_key(incoming.data ->> (control ->> 'flow_key')), '*')
               ELSE ''
           END AS flow_key,
           groundwork.bounded_key(incoming.data ->> (control #>> '{cancel_on,own_field}')) AS cancel_key,
           groundwork.bounded_key(incoming.data ->> (control #>> '{idempotency,field}')) AS idempotency_key,
           make_interval(secs => CAST(control #>> '{idempotency,seconds}' AS float)) AS key_kept,
           make_interval(secs => CAST(control ->> 'expires' AS float)) AS expires
    FROM stored
    JOIN incoming USING (id)
    JOIN groundwork.job ON job.event_name = incoming.name AND job.retired_at IS NULL
    CROSS JOIN LATERAL (SELECT job.flow_control AS control) AS options
), keyed AS (
    INSERT INTO groundwork.idempotency AS known (job, workspace_id, key, delivery_id, expires_at)
    SELECT DISTINCT ON (job, workspace_id, idempotency_key)
           job, workspace_id, idempotency_key, id, clock_timestamp() + key_kept
    FROM wanted
    WHERE idempotency_key IS NOT NULL
    ORDER BY job, workspace_id, idempotency_key, position
    ON CONFLICT (job, workspace_id, key) DO UPDATE SET
        delivery_id = CASE
            WHEN known.expires_at <= clock_timestamp() THEN excluded.delivery_id ELSE known.delivery_id
        END,
        expires_at = CASE WHEN known.expires_at <= clock_timestamp() THEN excluded.expires_at ELSE known.expires_at END
    RETURNING job, workspace_id, key, delivery_id
), delivered AS (
    INSERT INTO groundwork.delivery (
        id, event_id, job, workspace_id, priority, max_attempts, not_before, flow_key, cancel_key, expires_at,
        state, superseded_by, last_error, settled_at
    )
    SELECT wanted.id, wanted.event_id, wanted.job, wanted.workspace_id, wanted.priority, wanted.max_attempts,
           wanted.not_before, wanted.flow_key, wanted.cancel_key, wanted.not_before + wanted.expires,
           CASE WHEN other.id IS NOT NULL THEN 'cancelled' WHEN wanted.later THEN 'scheduled' ELSE 'queued' END,
           other.id,
           CASE WHEN other.id IS NOT NULL THEN 'Another event with this idempotency key came first.' END,
           CASE WHEN other.id IS NOT NULL THEN clock_timestamp() END
    FROM wanted
    LEFT JOIN LATERAL (
        SELECT keyed.delivery_id AS id
        FROM keyed
        WHERE keyed.job = wanted.job
          AND keyed.workspace_id = wanted.workspace_id
          AND keyed.key = wanted.idempotency_key
          AND keyed.delivery_id <> wanted.id
    ) AS other ON true
    ORDER BY wanted.position, wanted.job
)
SELECT stored.id,
       EXISTS (SELECT FROM groundwork.job WHERE flow_control #>> '{cancel_on,event}' = incoming.name) AS cancels
FROM stored
JOIN incoming USING (id);

-- name: cancel_on
-- Cancel what these events cancel: unfinished deliveries of the same workspace and key, but neither an event's own, where a
-- job's latest event cancels those before it, nor those of events that came later in the same request. Runs under way lose
-- their fence at once; the relay then cancels them in Prefect.
UPDATE groundwork.delivery
SET state = 'cancelled',
    last_error = 'Cancelled by event ' || incoming.id || ' (' || incoming.name || ').',
    run_to_cancel = delivery.state IN (:in_flight) OR delivery.attempt > 0,
    lease_expires_at = NULL,
    settled_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS incoming (
    position int, id uuid, name text, workspace_id text, data jsonb
), groundwork.job
WHERE job.flow_control #>> '{cancel_on,event}' = incoming.name
  AND incoming.id = ANY(:cancelling)
  AND delivery.job = job.name
  AND delivery.workspace_id = incoming.workspace_id
  AND delivery.cancel_key = groundwork.bounded_key(incoming.data ->> (job.flow_control #>> '{cancel_on,field}'))
  AND delivery.state IN (:unfinished)
  AND NOT EXISTS (
      SELECT
      FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS later (position int, id uuid)
      WHERE later.id = delivery.event_id AND later.position >= incoming.position
  );

-- name: first_ids
-- The ids under which already known events were stored first.
SELECT known.position, event.id
FROM jsonb_to_recordset(CAST(:keys AS jsonb)) AS known (position int, workspace_id text, name text, dedupe_id text)
JOIN groundwork.event USING (workspace_id, name, dedupe_id);
