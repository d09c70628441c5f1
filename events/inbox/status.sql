-- name: event_status
-- An event and its deliveries, for the sender's own page.
SELECT event.id, event.name, event.workspace_id, event.user_id, event.accepted_at, event.occurred_at,
       event.correlation_id, event.causation_id, delivery.id AS delivery_id, delivery.job, delivery.state,
       delivery.attempt, delivery.progress, delivery.result, delivery.last_error, delivery.flow_run_id, delivery.superseded_by,
       delivery.waiting_for,        delivery.not_before, delivery.admitted_at, delivery.posted_at, delivery.run_created_at,
       delivery.picked_up_at, delivery.process_started_at, delivery.claimed_at, delivery.first_step_at, delivery.settled_at
FROM groundwork.event
LEFT JOIN groundwork.delivery ON delivery.event_id = event.id
WHERE event.id = :event_id
ORDER BY delivery.job;
