-- name: keep_unknown
-- Keep events whose type is not known yet. One that another one stands for by any unique index is left alone, as is one
-- that was accepted already under the sender's id, before its type was gone.
INSERT INTO groundwork.unknown_event (
    id, name, workspace_id, workspace_from, document, occurred_at, source, request_id, sent_id
)
SELECT id, name, workspace_id, workspace_from, document, occurred_at, source, request_id, sent_id
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS incoming (
    position int, id uuid, name text, workspace_id text, workspace_from text, document jsonb, occurred_at timestamptz,
    source text, request_id uuid, sent_id text
)
WHERE NOT EXISTS (
    SELECT
    FROM groundwork.event
    WHERE event.workspace_id = incoming.workspace_id AND event.sent_id = incoming.sent_id
)
ORDER BY position
ON CONFLICT DO NOTHING
RETURNING id;

-- name: first_ids
-- The ids under which events of these were kept, or accepted, first. None for one whose own id alone another one has.
SELECT known.position, coalesce(by_request.id, by_sent_id.id, accepted.id) AS id
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS known (
    position int, workspace_id text, source text, request_id uuid, sent_id text
)
LEFT JOIN groundwork.unknown_event AS by_request
       ON by_request.source = known.source AND by_request.request_id = known.request_id
LEFT JOIN groundwork.unknown_event AS by_sent_id
       ON by_sent_id.workspace_id = known.workspace_id AND by_sent_id.sent_id = known.sent_id
LEFT JOIN groundwork.event AS accepted
       ON accepted.workspace_id = known.workspace_id AND accepted.sent_id = known.sent_id
WHERE coalesce(by_request.id, by_sent_id.id, accepted.id) IS NOT NULL;

-- name: unknown_names
-- What is kept, by name and workspace.
SELECT name, workspace_id, count(*) AS events, min(accepted_at) AS first_at, max(accepted_at) AS last_at
FROM groundwork.unknown_event
WHERE (CAST(:name AS text) IS NULL OR name = :name)
  AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
GROUP BY name, workspace_id
ORDER BY name, workspace_id;

-- name: lock_unknown
-- The oldest events of a name behind a place, locked; those that another transaction has locked are left out.
SELECT id, sequence, name, workspace_id, workspace_from, document, occurred_at, accepted_at, source, request_id, sent_id
FROM groundwork.unknown_event
WHERE name = :name
  AND sequence > :behind
  AND (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
ORDER BY sequence
LIMIT :most
FOR UPDATE SKIP LOCKED;

-- name: unknown_event
-- One of them.
SELECT id, sequence, name, workspace_id, workspace_from, document, occurred_at, accepted_at, source, request_id, sent_id
FROM groundwork.unknown_event
WHERE id = :id;

-- name: drop_unknown
-- Delete events that are accepted now.
DELETE FROM groundwork.unknown_event WHERE id = ANY(:ids);

-- name: forget_unknown
-- Delete events that came before a time. Rows that somebody has locked are left for the next time.
WITH old AS (
    SELECT id
    FROM groundwork.unknown_event
    WHERE accepted_at < :before
    ORDER BY accepted_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
)
DELETE FROM groundwork.unknown_event USING old WHERE unknown_event.id = old.id;
