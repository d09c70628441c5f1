-- name: accept
-- Store events, and one delivery per job that listens. An event is left alone whose workspace, name and id are known, or
-- which another one stands for by any unique index: of its request, of its sender's id for all names, of its own id. What
-- a job says of keys and times (flow_control) is fixed here, where the event's data is. A delivery whose idempotency key
-- another one has is cancelled at once and names that one; ON CONFLICT DO UPDATE waits for an acceptance under way. A key
-- is free again where its delivery was cancelled before it started, but not by a later event of a debounce, which does its
-- work; and, if the job says so, where it has failed.
-- Keys are as long as payloads make them, and bounded for the indexes that hold them. A field that is missing, null or
-- empty is no key: nobody's event stands for a stranger's, so the flow_key of such an event is its delivery's own id.
-- All events of one statement have one time: what tells the later from the earlier is their order.
-- Deliveries that the same limits count lie together in a lane of their own (flow_key), so that they hold up no others.
-- An event of a name that some job has ever waited for is noted as an arrival, for the relay to answer waits by.
WITH this_moment AS MATERIALIZED (
    SELECT clock_timestamp() AS instant
), incoming AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e (
        position int, id uuid, name text, workspace_id text, user_id text, dedupe_id text, data jsonb,
        occurred_at timestamptz, starts_at timestamptz, source text, correlation_id uuid, causation_id uuid,
        depth int, request_id uuid, sent_id text
    )
), stored AS (
    INSERT INTO groundwork.event (
        id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id, depth,
        request_id, sent_id
    )
    SELECT id, name, workspace_id, user_id, dedupe_id, data, occurred_at, source, correlation_id, causation_id, depth,
           request_id, sent_id
    FROM incoming
    ORDER BY position
    ON CONFLICT DO NOTHING
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
           greatest(incoming.starts_at, instant)
               + make_interval(secs => coalesce(CAST(control #>> '{debounce,seconds}' AS float), 0)) AS not_before,
           incoming.starts_at > instant OR control ? 'debounce' AS later,
           CASE
               WHEN NOT control ? 'flow_key' THEN ''
               WHEN control ->> 'flow_key' = '' THEN '*'
               ELSE groundwork.bounded_key(nullif(incoming.data ->> (control ->> 'flow_key'), ''))
           END AS grouping_key,
           control ? 'flow_key' AS grouped,
           groundwork.bounded_key(nullif(incoming.data ->> (control #>> '{cancel_on,own_field}'), '')) AS cancel_key,
           CASE
               WHEN control ? 'key_fields' THEN groundwork.limit_keys(control -> 'key_fields', incoming.data)
           END AS limit_keys,
           CASE
               WHEN NOT control ? 'priority' THEN 0
               WHEN control #> '{priority,values}' IS NOT NULL THEN coalesce(
                   CAST(control #> '{priority,values}' ->> (incoming.data ->> (control #>> '{priority,field}')) AS smallint), 0
               )
               WHEN jsonb_typeof(incoming.data -> (control #>> '{priority,field}')) = 'number'
               THEN greatest(-600, least(600, round(CAST(incoming.data ->> (control #>> '{priority,field}') AS numeric))))
               ELSE 0
           END AS urgency,
           groundwork.bounded_key(nullif(incoming.data ->> (control #>> '{idempotency,field}'), '')) AS idempotency_key,
           make_interval(secs => CAST(control #>> '{idempotency,seconds}' AS float)) AS key_kept,
           make_interval(secs => CAST(control ->> 'expires' AS float)) AS expires
    FROM stored
    JOIN incoming USING (id)
    JOIN groundwork.job ON job.event_name = incoming.name AND job.retired_at IS NULL
    CROSS JOIN LATERAL (SELECT job.flow_control AS control) AS options
    CROSS JOIN this_moment
), keyed AS (
    INSERT INTO groundwork.idempotency AS known (job, workspace_id, key, delivery_id, expires_at)
    SELECT DISTINCT ON (job, workspace_id, idempotency_key)
           job, workspace_id, idempotency_key, id, clock_timestamp() + key_kept
    FROM wanted
    WHERE idempotency_key IS NOT NULL
    ORDER BY job, workspace_id, idempotency_key, position
    ON CONFLICT (job, workspace_id, key) DO UPDATE SET (delivery_id, expires_at) = (
        SELECT CASE WHEN free THEN excluded.delivery_id ELSE known.delivery_id END,
               CASE WHEN free THEN excluded.expires_at ELSE known.expires_at END
        FROM (
            SELECT known.expires_at <= clock_timestamp() OR EXISTS (
                SELECT
                FROM groundwork.delivery AS holder
                JOIN groundwork.job ON job.name = holder.job
                WHERE holder.id = known.delivery_id
                  AND (
                      (
                          holder.state = 'cancelled'
                          AND holder.attempt = 0
                          AND (holder.superseded_by IS NULL OR NOT job.flow_control ? 'debounce')
                      )
                      OR (
                          holder.state = 'failed'
                          AND CAST(job.flow_control #>> '{idempotency,free_on_failure}' AS boolean)
                      )
                  )
            ) AS free
        ) AS holding
    )
    RETURNING job, workspace_id, key, delivery_id
), delivered AS (
    INSERT INTO groundwork.delivery (
        id, event_id, job, workspace_id, priority, urgency, max_attempts, not_before, flow_key, limit_keys, cancel_key,
        expires_at, state, superseded_by, last_error, settled_at
    )
    SELECT wanted.id, wanted.event_id, wanted.job, wanted.workspace_id, wanted.priority, wanted.urgency, wanted.max_attempts,
           wanted.not_before,
           CASE
               WHEN grouped THEN coalesce(grouping_key, CAST(wanted.id AS text))
               WHEN limit_keys IS NOT NULL THEN groundwork.bounded_key(CAST(limit_keys AS text))
               ELSE ''
           END,
           wanted.limit_keys, wanted.cancel_key, wanted.not_before + wanted.expires,
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
       EXISTS (
           SELECT FROM groundwork.job
           WHERE flow_control #>> '{cancel_on,event}' = incoming.name
              OR flow_control #> '{cancel_on,others}' ? incoming.name
       ) AS cancels,
       listening.rated,
       listening.light_interactive,
       listening.interactive
FROM stored
JOIN incoming USING (id)
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(flow_control ? 'rate_limit'), false) AS rated,
           coalesce(bool_or(job.interactive AND light), false) AS light_interactive,
           coalesce(bool_or(job.interactive AND NOT light), false) AS interactive
    FROM groundwork.job
    WHERE job.event_name = incoming.name
) AS listening;

-- name: limit_rate
-- Drop what rate limits have no room for, of deliveries that were stored just now, in their order. The times of what was taken
-- stand in one row per key, which an acceptance under way holds. What was dropped for another reason does not count.
WITH fresh AS MATERIALIZED (
    SELECT delivery.id, delivery.job, delivery.workspace_id, said.key, said.most, said.period,
           row_number() OVER (PARTITION BY delivery.job, delivery.workspace_id, said.key ORDER BY delivery.sequence) AS place
    FROM groundwork.delivery
    JOIN groundwork.event ON event.id = delivery.event_id
    JOIN groundwork.job ON job.name = delivery.job AND job.flow_control ? 'rate_limit'
    CROSS JOIN LATERAL (
        SELECT CASE
                   WHEN job.flow_control #> '{rate_limit,field}' IS NULL THEN ''
                   ELSE groundwork.bounded_key(nullif(event.data ->> (job.flow_control #>> '{rate_limit,field}'), ''))
               END AS key,
               CAST(job.flow_control #>> '{rate_limit,limit}' AS int) AS most,
               CAST(job.flow_control #>> '{rate_limit,period}' AS float) AS period
    ) AS said
    WHERE delivery.event_id = ANY(:event_ids) AND delivery.state <> 'cancelled' AND said.key IS NOT NULL
), rated AS (
    INSERT INTO groundwork.rate AS known (job, workspace_id, key, taken, last_taken, dropped, idle_at)
    SELECT job, workspace_id, key, array_fill(instant, ARRAY[least(asked_for, most)]), least(asked_for, most),
           asked_for - least(asked_for, most), instant + make_interval(secs => period)
    FROM (
        SELECT job, workspace_id, key, most, period, CAST(count(*) AS int) AS asked_for
        FROM fresh
        GROUP BY job, workspace_id, key, most, period
    ) AS asked
    CROSS JOIN (SELECT clock_timestamp() AS instant) AS this_moment
    ORDER BY job, workspace_id, key
    ON CONFLICT (job, workspace_id, key) DO UPDATE SET (taken, last_taken, dropped, idle_at) = (
        SELECT counting || excluded.taken[1:least(room, excluded.last_taken)],
               least(room, excluded.last_taken),
               known.dropped + excluded.dropped + excluded.last_taken - least(room, excluded.last_taken),
               greatest(known.idle_at, CASE WHEN room > 0 THEN excluded.idle_at END)
        FROM (
            SELECT counting, greatest(CAST(limited ->> 'limit' AS int) - cardinality(counting), 0) AS room
            FROM (
                SELECT limited, ARRAY(
                    SELECT at
                    FROM unnest(known.taken) AS at
                    WHERE at > excluded.taken[1] - make_interval(secs => CAST(limited ->> 'period' AS float))
                ) AS counting
                FROM (SELECT flow_control -> 'rate_limit' AS limited FROM groundwork.job WHERE name = known.job) AS job
            ) AS window_of_time
        ) AS room_of_time
    )
    RETURNING job, workspace_id, key, last_taken
)
UPDATE groundwork.delivery
SET state = 'cancelled',
    last_error = format('Rate limit: more than %s in %s s', fresh.most, fresh.period)
        || CASE WHEN fresh.key <> '' THEN ' for the key ' || left(fresh.key, 100) ELSE '' END || '.',
    settled_at = clock_timestamp()
FROM fresh
JOIN rated USING (job, workspace_id, key)
WHERE delivery.id = fresh.id AND fresh.place > rated.last_taken;

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
WHERE (
      job.flow_control #>> '{cancel_on,event}' = incoming.name
      OR job.flow_control #> '{cancel_on,others}' ? incoming.name
  )
  AND incoming.id = ANY(:cancelling)
  AND delivery.job = job.name
  AND delivery.workspace_id = incoming.workspace_id
  AND delivery.cancel_key
      = groundwork.bounded_key(nullif(incoming.data ->> coalesce(
          job.flow_control #> '{cancel_on,others}' ->> incoming.name, job.flow_control #>> '{cancel_on,field}'
      ), ''))
  AND delivery.state IN (:unfinished)
  AND NOT EXISTS (
      SELECT
      FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS later (position int, id uuid)
      WHERE later.id = delivery.event_id AND later.position >= incoming.position
  );

-- name: first_ids
-- The ids under which already known events were stored first. None for an event whose own id alone another one has.
SELECT known.position, coalesce(by_request.id, by_sent_id.id, by_name.id) AS id
FROM jsonb_to_recordset(CAST(:keys AS jsonb)) AS known (
    position int, workspace_id text, name text, dedupe_id text, source text, request_id uuid, sent_id text
)
LEFT JOIN groundwork.event AS by_request
       ON by_request.source = known.source AND by_request.request_id = known.request_id
LEFT JOIN groundwork.event AS by_sent_id
       ON by_sent_id.workspace_id = known.workspace_id AND by_sent_id.sent_id = known.sent_id
LEFT JOIN groundwork.event AS by_name
       ON by_name.workspace_id = known.workspace_id
      AND by_name.name = known.name
      AND by_name.dedupe_id = known.dedupe_id
WHERE coalesce(by_request.id, by_sent_id.id, by_name.id) IS NOT NULL;
