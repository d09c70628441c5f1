-- name: events_with_prefix
-- Events whose id begins so, or the id of a delivery of theirs: ranges of the primary keys, the latest of each.
WITH found AS (
    (SELECT id FROM groundwork.event WHERE id BETWEEN :first AND :last ORDER BY id DESC LIMIT :most)
    UNION
    (SELECT event_id FROM groundwork.delivery WHERE id BETWEEN :first AND :last ORDER BY id DESC LIMIT :most)
)
SELECT event.id, event.name AS what, event.workspace_id, event.accepted_at AS moment
FROM found
JOIN groundwork.event USING (id)
ORDER BY event.id DESC
LIMIT :most;

-- name: dead_letters_with_prefix
-- Dead letters whose id begins so, or the id of their event.
SELECT delivery.id, delivery.job AS what, delivery.workspace_id, delivery.settled_at AS moment
FROM groundwork.delivery
WHERE delivery.state = 'failed'
  AND (delivery.id BETWEEN :first AND :last OR delivery.event_id BETWEEN :first AND :last)
ORDER BY delivery.id DESC
LIMIT :most;
