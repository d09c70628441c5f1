-- name: delete_settled
-- Delete events whose every delivery ended before a time, oldest first; deliveries and ledgers go with them. Rows that
-- somebody has locked are left for the next time.
WITH settled AS (
    SELECT event.id
    FROM groundwork.event
    WHERE event.accepted_at < :before
      AND NOT EXISTS (
          SELECT
          FROM groundwork.delivery
          WHERE delivery.event_id = event.id
            AND (delivery.state NOT IN (:ended) OR delivery.settled_at >= :before)
      )
    ORDER BY event.accepted_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
)
DELETE FROM groundwork.event USING settled WHERE event.id = settled.id;

-- name: still_wanted
-- Those of these deliveries whose step results may be needed: they are unfinished, or ended after a time.
SELECT id
FROM groundwork.delivery
WHERE id = ANY(:ids) AND (state NOT IN (:ended) OR settled_at >= :before);
