-- name: event_status
-- An event and its deliveries, for the sender's own page.
SELECT event.id, event.name, event.workspace_id, event.user_id, event.accepted_at, event.occurred_at,
       event.correlation_id, event.causation_id, delivery.id AS delivery_id, delivery.job, delivery.state,
       delivery.attempt, delivery.progress, delivery.result, delivery.last_error,
       delivery.attempt_errors, delivery.flow_run_id, delivery.superseded_by,
       CASE
            WHEN delivery.state NOT IN (:waiting) THEN NULL
            WHEN job.retired_at IS NOT NULL THEN 'Job ' || job.name || ' is gone from the code; it waits for its return.'
            WHEN job.paused THEN 'Job ' || job.name || ' is paused: groundwork resume ' || job.name
            WHEN lane_override.paused THEN 'The lane is paused: groundwork resume ' || job.name || ' --workspace …'
            ELSE coalesce(job.held_because, delivery.waiting_for)
       END AS waits_for,
       delivery.not_before, delivery.admitted_at, delivery.posted_at, delivery.run_created_at,
       delivery.picked_up_at, delivery.process_started_at, delivery.claimed_at, delivery.first_step_at, delivery.settled_at
FROM groundwork.event
LEFT JOIN groundwork.delivery ON delivery.event_id = event.id
LEFT JOIN groundwork.job ON job.name = delivery.job
LEFT JOIN groundwork.lane_override ON lane_override.job = job.name AND lane_override.workspace_id = event.workspace_id
WHERE event.id = :event_id
ORDER BY delivery.job;

-- name: steps
-- What the steps of an event's light runs did: the last of them, in the order in which they ended.
SELECT *
FROM (
    SELECT delivery_id, step, step_execution.attempt, number, began_at, ended_at, tries, error
    FROM groundwork.delivery
    JOIN groundwork.step_execution ON delivery_id = delivery.id
    WHERE delivery.event_id = :event_id
    ORDER BY delivery_id, step_execution.attempt DESC, number DESC
    LIMIT 1000
) AS last
ORDER BY delivery_id, attempt, number;
