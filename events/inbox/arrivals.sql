-- name: take_arrivals
-- Take what may answer waits, in order. What is taken and not answered by has no wait; a wait that was set up since then
-- looks back by itself.
DELETE FROM groundwork.arrival
WHERE id IN (SELECT id FROM groundwork.arrival ORDER BY id LIMIT :most)
RETURNING id, event_id, delivery_id;

-- name: answer_by_events
-- Answer the waits that these events fit, each by the first that came before it was over. The workspace is always part of it.
WITH fitting AS (
    SELECT DISTINCT ON (wait.delivery_id, wait.name)
           wait.delivery_id, wait.name, event.id AS event_id, event.data
    FROM unnest(CAST(:event_ids AS uuid[])) WITH ORDINALITY AS arrived (event_id, place)
    JOIN groundwork.event ON event.id = arrived.event_id
    CROSS JOIN LATERAL (
        SELECT '' AS match_key
        UNION ALL
        SELECT groundwork.bounded_key(field.key || '=' || field.value)
        FROM jsonb_each_text(CASE WHEN jsonb_typeof(event.data) = 'object' THEN event.data ELSE '{}' END) AS field
    ) AS possible
    JOIN groundwork.wait
      ON wait.workspace_id = event.workspace_id
     AND wait.event_name = event.name
     AND wait.match_key = possible.match_key
     AND wait.kind = 'event'
     AND wait.state = 'waiting'
    JOIN groundwork.delivery ON delivery.id = wait.delivery_id AND delivery.event_id <> event.id
    WHERE event.data @> wait.match
      AND event.accepted_at >= wait.since
      AND event.accepted_at <= wait.due_at
      AND NOT EXISTS (
          SELECT
          FROM groundwork.wait AS other
          WHERE other.delivery_id = wait.delivery_id AND other.answer_event_id = event.id
      )
    ORDER BY wait.delivery_id, wait.name, arrived.place
)
UPDATE groundwork.wait
SET state = 'answered', answer = fitting.data, answer_event_id = fitting.event_id, answered_at = clock_timestamp()
FROM fitting
WHERE wait.delivery_id = fitting.delivery_id AND wait.name = fitting.name AND wait.state = 'waiting'
RETURNING wait.delivery_id;

-- name: answer_by_ends
-- Answer the waits for these deliveries, which have ended.
UPDATE groundwork.wait
SET state = 'answered',
    answer = jsonb_build_object('state', target.state, 'result', target.result, 'error', target.last_error),
    answer_event_id = target.event_id,
    answered_at = clock_timestamp()
FROM groundwork.delivery AS target
WHERE target.id = ANY(CAST(:delivery_ids AS uuid[]))
  AND target.state IN (:ended)
  AND wait.kind = 'job'
  AND wait.state = 'waiting'
  AND wait.target_event_id = target.event_id
  AND wait.target_job = target.job
RETURNING wait.delivery_id;

-- name: wake
-- Let deliveries go on whose wait is answered. A statement of its own: the one that answers does not see a delivery that was
-- suspended while it waited for the wait's row.
UPDATE groundwork.delivery
SET state = 'queued', not_before = clock_timestamp()
WHERE id = ANY(:delivery_ids) AND waiting_for IS NOT NULL AND state IN (:waiting);
