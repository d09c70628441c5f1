-- name: stored_deliveries
-- Deliveries that have not ended, and dead letters where they are asked for, with their events.
SELECT delivery.id, delivery.job, delivery.event_id, event.name AS event_name, event.workspace_id, event.data
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.state IN (:unfinished) OR (:dead AND delivery.state = 'failed');
