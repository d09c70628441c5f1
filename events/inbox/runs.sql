-- name: anything_in_flight
-- Whether Prefect may know of a run that ended and that the inbox still counts on.
SELECT EXISTS (SELECT FROM groundwork.delivery WHERE state IN (:in_flight))
    OR EXISTS (SELECT FROM groundwork.light_host WHERE ended_at IS NULL);

-- name: in_flight_of_runs
-- The deliveries in flight that ended runs were meant for. A run that an automation made is that of the latest dispatch if
-- it was created after it; where the clocks of the two servers disagree, the claim deadline is the net. A host leaves all
-- that it has claimed.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, run.id AS flow_run_id, delivery.lease_expires_at, delivery.last_error,
       :on_host AS on_host
FROM unnest(
    CAST(:run_ids AS uuid[]), CAST(:delivery_ids AS uuid[]), CAST(:created_at AS timestamptz[])
) AS run (id, delivery_id, created_at)
JOIN groundwork.delivery ON delivery.id = run.delivery_id
WHERE delivery.lease_expires_at IS NOT NULL
  AND (
      (delivery.state IN (:in_flight) AND delivery.flow_run_id = run.id)
      OR (
          delivery.state = 'admitted'
          AND delivery.flow_run_id IS NULL
          AND run.created_at > delivery.admitted_at
      )
  )
UNION
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, delivery.flow_run_id, delivery.lease_expires_at, delivery.last_error,
       true
FROM groundwork.light_host
JOIN groundwork.delivery USING (flow_run_id)
WHERE light_host.flow_run_id = ANY(CAST(:run_ids AS uuid[]))
  AND delivery.state = 'running'
  AND delivery.lease_expires_at IS NOT NULL;

-- name: running
-- The deliveries that runs work on. Of a batch only the first has a lease.
SELECT delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.state, delivery.attempt,
       delivery.dispatches, delivery.max_attempts, delivery.continuations, delivery.flow_run_id, delivery.lease_expires_at, delivery.last_error,
       :on_host AS on_host
FROM groundwork.delivery
WHERE delivery.state = 'running' AND delivery.lease_expires_at IS NOT NULL;

-- name: run_created
-- Remember the run that was asked for, so that the sweeper can see how it fares.
UPDATE groundwork.delivery
SET flow_run_id = :flow_run_id
WHERE id = :delivery_id AND state = 'admitted' AND dispatches = :dispatches;

-- name: runs_of_deliveries
-- Which flow runs the inbox knows, and whether each still does something: it holds a lease, or has just settled. A host has a
-- lease of its own; what it has settled is too much to look through.
SELECT flow_run_id,
       lease_expires_at > clock_timestamp() OR ended_at > clock_timestamp() - make_interval(secs => :grace_seconds) AS alive
FROM groundwork.light_host
WHERE flow_run_id = ANY(:run_ids)
UNION ALL
SELECT flow_run_id,
       bool_or(
           (state = 'running' AND lease_expires_at > clock_timestamp())
           OR settled_at > clock_timestamp() - make_interval(secs => :grace_seconds)
       ) AS alive
FROM groundwork.delivery
WHERE flow_run_id = ANY(
    ARRAY(SELECT unnest(CAST(:run_ids AS uuid[])) EXCEPT SELECT flow_run_id FROM groundwork.light_host)
)
GROUP BY flow_run_id;

-- name: runs_by_job
-- The flow runs that had deliveries of a workspace last, by job: how many, and one of them. Deliveries of a batch share one, and
-- so do light ones.
SELECT job, count(DISTINCT flow_run_id) AS number, min(flow_run_id::text)::uuid AS one
FROM groundwork.delivery
WHERE workspace_id = :workspace_id AND job = ANY(:jobs) AND flow_run_id IS NOT NULL
GROUP BY job;
