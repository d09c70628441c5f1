-- name: newest
-- The newest events that fit, of so many that are looked at: an index gives them in order, and the look ends with the last
-- one wanted. Nothing is counted. OFFSET 0 keeps PostgreSQL from gathering every delivery in the state first.
SELECT id, name, workspace_id, accepted_at, source
FROM (
    SELECT id, name, workspace_id, accepted_at, source,
           (CAST(:path AS text[]) IS NULL OR data #>> :path = :value) AS has_value
    FROM groundwork.event
    WHERE (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
      AND (CAST(:name AS text) IS NULL OR name = :name)
      AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
      AND (CAST(:workspaces AS text[]) IS NULL OR workspace_id = ANY(:workspaces))
      AND (CAST(:since AS timestamptz) IS NULL OR accepted_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR accepted_at < :until)
      AND (CAST(:before_at AS timestamptz) IS NULL OR (accepted_at, id) < (:before_at, CAST(:before_id AS uuid)))
    ORDER BY accepted_at DESC, id DESC
    LIMIT :look
) AS event
WHERE has_value
  AND (
      CAST(:state AS text) IS NULL AND CAST(:job AS text) IS NULL
      OR EXISTS (
          SELECT
          FROM groundwork.delivery
          WHERE delivery.event_id = event.id
            AND (CAST(:state AS text) IS NULL OR delivery.state = :state)
            AND (CAST(:job AS text) IS NULL OR delivery.job = :job)
          OFFSET 0
      )
  )
ORDER BY accepted_at DESC, id DESC
LIMIT :most;

-- name: last_looked_at
-- The last event that the search above looked at; none where it came to the end.
SELECT id, accepted_at
FROM groundwork.event
WHERE (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
  AND (CAST(:name AS text) IS NULL OR name = :name)
  AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
  AND (CAST(:workspaces AS text[]) IS NULL OR workspace_id = ANY(:workspaces))
  AND (CAST(:since AS timestamptz) IS NULL OR accepted_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR accepted_at < :until)
  AND (CAST(:before_at AS timestamptz) IS NULL OR (accepted_at, id) < (:before_at, CAST(:before_id AS uuid)))
ORDER BY accepted_at DESC, id DESC
OFFSET :look - 1
LIMIT 1;

-- name: in_state
-- Events of the deliveries in a state that few are in; a partial index has each such state. One more than are few tells
-- that there are more.
SELECT event_id
FROM groundwork.delivery
WHERE state = :state
  AND (CAST(:job AS text) IS NULL OR job = :job)
  AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
LIMIT :few + 1;

-- name: newest_of
-- The newest of these events that fit. Read by their ids alone: an index in order of acceptance is read to its end where the
-- few are old.
WITH found AS MATERIALIZED (
    SELECT id, name, workspace_id, accepted_at, source
    FROM groundwork.event
    WHERE id = ANY(CAST(:ids AS uuid[]))
      AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
      AND (CAST(:name AS text) IS NULL OR name = :name)
      AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
      AND (CAST(:workspaces AS text[]) IS NULL OR workspace_id = ANY(:workspaces))
      AND (CAST(:since AS timestamptz) IS NULL OR accepted_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR accepted_at < :until)
      AND (CAST(:before_at AS timestamptz) IS NULL OR (accepted_at, id) < (:before_at, CAST(:before_id AS uuid)))
      AND (CAST(:path AS text[]) IS NULL OR data #>> :path = :value)
)
SELECT id, name, workspace_id, accepted_at, source
FROM found
ORDER BY accepted_at DESC, id DESC
LIMIT :most;

-- name: of_run
-- The events whose deliveries a flow run carries, or was the last to carry, the newest first.
SELECT event_id
FROM groundwork.delivery
WHERE flow_run_id = :flow_run_id
ORDER BY sequence DESC
LIMIT :most;

-- name: by_sent_id
-- Events of a workspace by the id that their sender gave them.
SELECT id, name, workspace_id, accepted_at, source
FROM groundwork.event
WHERE workspace_id = :workspace_id
  AND name = ANY(ARRAY(SELECT DISTINCT event_name FROM groundwork.job) || CAST(:names AS text[]))
  AND dedupe_id = :sent_id
ORDER BY accepted_at DESC
LIMIT 20;

-- name: deliveries
-- The deliveries of events, for a list of these.
SELECT event_id, id, job, state, attempt, left(last_error, 300) AS last_error, flow_run_id, accepted_at, claimed_at,
       settled_at
FROM groundwork.delivery
WHERE event_id = ANY(CAST(:ids AS uuid[]))
ORDER BY event_id, job;
