-- name: failures_listened_to
-- Deliveries that have failed for good, with their events, as far as a job listens to such failures.
SELECT delivery.id AS delivery_id, delivery.job, delivery.attempt, delivery.last_error, delivery.settled_at AS failed_at,
       event.id AS event_id, event.name AS event_name, event.data, event.workspace_id, event.user_id,
       event.correlation_id, event.depth
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.id = ANY(:ids)
  AND delivery.state = 'failed'
  AND EXISTS (
      SELECT
      FROM groundwork.job
      WHERE job.event_name = :prefix || replace(event.name, '/', '.') AND job.retired_at IS NULL
  )
ORDER BY delivery.sequence;
