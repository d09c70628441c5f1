-- name: is_awaited
-- Whether events of a name are noted as arrivals.
SELECT EXISTS (SELECT FROM groundwork.awaited_event WHERE name = :event_name);

-- name: short_patience
-- An acceptance under way that does not end soon keeps those behind hold_acceptances waiting no longer than this.
SET LOCAL lock_timeout = '250ms';

-- name: hold_acceptances
-- Wait until every acceptance that is under way has ended, and let none begin until this transaction ends: each reads the
-- names in the statement that stores its events, so one after this transaction sees the name that is about to be noted.
LOCK TABLE groundwork.awaited_event IN ACCESS EXCLUSIVE MODE;

-- name: note_awaited
-- Have events of a name noted as arrivals from now on, for good.
INSERT INTO groundwork.awaited_event (name) VALUES (:event_name) ON CONFLICT DO NOTHING;

-- name: set_up
-- Begin to wait, once per delivery and name. No row: the wait is there, or the attempt is stale.
INSERT INTO groundwork.wait (
    delivery_id, name, kind, workspace_id, due_at, event_name, match, match_key, since, target_event_id, target_job
)
SELECT delivery.id, :name, :kind, delivery.workspace_id,
       coalesce(CAST(:until AS timestamptz), clock_timestamp() + make_interval(secs => CAST(:seconds AS float))),
       :event_name, CAST(:match AS jsonb),
       CASE
           WHEN CAST(:match_field AS text) IS NULL THEN ''
           ELSE groundwork.bounded_key(
               CAST(:match_field AS text) || '=' || (CAST(:match AS jsonb) ->> CAST(:match_field AS text))
           )
       END,
       coalesce(CAST(:since AS timestamptz), event.accepted_at), :target_event_id, :target_job
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.id = :delivery_id AND delivery.attempt = :attempt AND delivery.state = 'running'
ON CONFLICT (delivery_id, name) DO NOTHING;

-- name: find
-- How a wait stands. Nobody else answers it until this transaction ends.
SELECT kind, event_name, target_job, state, answer, due_at, due_at <= clock_timestamp() AS due
FROM groundwork.wait
WHERE delivery_id = :delivery_id AND name = :name
FOR UPDATE;

-- name: look_back
-- Answer a wait by the first event that fits and is there already. It was set up in an earlier transaction, so that an
-- event that this one does not see finds the wait. An event answers one wait of a delivery, and never that of its own.
UPDATE groundwork.wait
SET state = 'answered', answer = found.data, answer_event_id = found.id, answered_at = clock_timestamp()
FROM (
    SELECT event.id, event.data
    FROM groundwork.wait
    JOIN groundwork.delivery ON delivery.id = wait.delivery_id
    JOIN groundwork.event
      ON event.workspace_id = wait.workspace_id
     AND event.name = wait.event_name
     AND event.accepted_at >= wait.since
     AND event.accepted_at <= wait.due_at
    WHERE wait.delivery_id = :delivery_id
      AND wait.name = :name
      AND event.data @> wait.match
      AND event.id <> delivery.event_id
      AND NOT EXISTS (
          SELECT
          FROM groundwork.wait AS other
          WHERE other.delivery_id = wait.delivery_id AND other.answer_event_id = event.id
      )
    ORDER BY event.accepted_at, event.id
    LIMIT 1
) AS found
WHERE wait.delivery_id = :delivery_id AND wait.name = :name
RETURNING wait.answer;

-- name: look_for_end
-- Answer a wait for another job that has ended already.
UPDATE groundwork.wait
SET state = 'answered',
    answer = jsonb_build_object('state', target.state, 'result', target.result, 'error', target.last_error),
    answer_event_id = target.event_id,
    answered_at = clock_timestamp()
FROM groundwork.delivery AS target
WHERE wait.delivery_id = :delivery_id
  AND wait.name = :name
  AND target.event_id = wait.target_event_id
  AND target.job = wait.target_job
  AND target.state IN (:ended)
RETURNING wait.answer;

-- name: end_wait
-- A wait is over: its time has come.
UPDATE groundwork.wait
SET state = 'over', answered_at = clock_timestamp()
WHERE delivery_id = :delivery_id AND name = :name;

-- name: suspend
-- Give the worker's place back until a wait is answered or over. The run counts as no attempt, and what has started does
-- not expire. A delivery of an ordered job stays in the queue and keeps those behind it waiting; a singleton keeps its key.
-- No row: a later attempt has the delivery.
UPDATE groundwork.delivery
SET state = CASE WHEN job.ordered THEN 'queued' ELSE 'scheduled' END,
    not_before = :due_at,
    waiting_for = :waiting_for,
    keeps_place = jsonb_exists_any(job.flow_control, ARRAY['keeps_place', 'singleton']),
    continuations = continuations + 1,
    expires_at = NULL,
    lease_expires_at = NULL,
    flow_run_id = NULL
FROM groundwork.job
WHERE job.name = delivery.job
  AND delivery.id = :delivery_id
  AND delivery.attempt = :attempt
  AND delivery.state = 'running'
RETURNING delivery.id;

-- name: is_suspended
-- Whether an attempt has suspended its delivery already.
SELECT waiting_for IS NOT NULL FROM groundwork.delivery
WHERE id = :delivery_id AND attempt = :attempt AND state IN (:waiting);

-- name: listeners
-- The jobs that an event is delivered to.
SELECT job FROM groundwork.delivery WHERE event_id = :event_id ORDER BY job;

-- name: note_target
-- Have the end of a delivery noted as an arrival.
UPDATE groundwork.delivery SET awaited = true WHERE event_id = :event_id AND job = :job AND NOT awaited;
