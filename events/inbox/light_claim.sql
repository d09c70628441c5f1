-- name: claim_admitted
-- Start attempts at deliveries that light runs may have, those that were admitted first before others; of a batch all. A host
-- takes what no other has locked. What has died twice is run alone, and is left to the run that was asked for.
-- A host that gives way takes nothing while a run of an interactive job starts, unless that was asked for too long ago: where
-- Prefect or its workers are away, such a run may be long in coming. ORDER BY and LIMIT as in kinds_queued (admission.sql).
WITH starting AS MATERIALIZED (
    SELECT
    FROM groundwork.job
    WHERE interactive
      AND NOT light
      AND last_admitted_at > clock_timestamp() - make_interval(secs => :give_way_seconds)
      AND (
          SELECT true
          FROM groundwork.delivery
          WHERE delivery.job = job.name AND delivery.state = 'admitted'
          ORDER BY delivery.workspace_id
          LIMIT 1
      )
), target AS MATERIALIZED (
    SELECT id, attempt + 1 AS attempt, row_number() OVER (ORDER BY priority DESC, admitted_at, sequence) AS place
    FROM (
        SELECT id, attempt, priority, admitted_at, sequence
        FROM groundwork.delivery
        WHERE state = 'admitted'
          AND job = ANY(CAST(:jobs AS text[]))
          AND deaths < :deaths_alone
          AND (batch_id IS NULL OR batch_id = id)
          AND (CAST(:delivery_id AS uuid) IS NULL OR id = :delivery_id)
          AND NOT EXISTS (SELECT FROM starting)
        ORDER BY priority DESC, admitted_at, sequence
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    ) AS admitted
), member AS (
    SELECT id, id AS leader, attempt, place FROM target
    UNION ALL
    SELECT delivery.id, target.id, target.attempt, target.place
    FROM target
    JOIN groundwork.delivery ON delivery.batch_id = target.id AND delivery.id <> target.id
), claimed AS (
    UPDATE groundwork.delivery
    SET state = 'running',
        attempt = member.attempt,
        flow_run_id = :flow_run_id,
        lease_expires_at = CASE
            WHEN delivery.id = member.leader THEN clock_timestamp() + make_interval(secs => :lease_seconds)
        END,
        claimed_at = clock_timestamp(),
        posted_at = NULL,
        run_created_at = NULL,
        picked_up_at = NULL,
        process_started_at = NULL,
        waiting_for = NULL,
        keeps_place = false,
        settled_at = NULL
    FROM member
    WHERE delivery.id = member.id AND delivery.state IN (:in_flight)
    RETURNING delivery.id, delivery.event_id, delivery.attempt, delivery.job, delivery.sequence, member.leader, member.place
)
SELECT claimed.id, claimed.leader, claimed.attempt, claimed.job, clock_timestamp() AS now,
       event.id AS event_id, event.name AS event_name, event.workspace_id, event.data, event.correlation_id, event.depth
FROM claimed
JOIN groundwork.event ON event.id = claimed.event_id
ORDER BY claimed.place, claimed.id <> claimed.leader, claimed.sequence;

-- name: kept_results
-- What finished steps of earlier attempts have returned. A result that is null lies in the blob store.
SELECT delivery_id, work, result
FROM groundwork.step_execution
WHERE delivery_id = ANY(:delivery_ids) AND work IS NOT NULL AND error IS NULL
ORDER BY attempt, number;

-- name: still_held
-- Those of these deliveries that are still these attempts'.
SELECT delivery.id
FROM unnest(CAST(:delivery_ids AS uuid[]), CAST(:attempts AS integer[])) AS hold (id, attempt)
JOIN groundwork.delivery ON delivery.id = hold.id AND delivery.attempt = hold.attempt AND delivery.state = 'running';
