-- name: hosts_wanted
-- Light deliveries with which a host is to be asked for, one of each kind at most: that of a job which no host has the code
-- of, or one that has waited for :patience while there may be more hosts. None of a kind of which one is about to come: it
-- was asked for, and its delivery has not been queued again since.
WITH host AS MATERIALIZED (
    SELECT interactive, flow_run_id IS NULL AS coming, jobs
    FROM groundwork.light_host
    WHERE ended_at IS NULL AND leaving_at IS NULL AND (
        lease_expires_at > clock_timestamp()
        OR (
            flow_run_id IS NULL
            AND asked_at > clock_timestamp() - make_interval(secs => :claim_seconds * 2)
            AND EXISTS (
                SELECT
                FROM groundwork.delivery
                WHERE delivery.id = light_host.delivery_id
                  AND delivery.dispatches = light_host.dispatches
                  AND delivery.state NOT IN (:waiting)
            )
        )
    )
), waiting AS (
    SELECT DISTINCT ON (delivery.job)
           delivery.id, delivery.job, job.interactive, delivery.workspace_id, delivery.event_id, delivery.dispatches,
           delivery.admitted_at
    FROM groundwork.job
    JOIN groundwork.delivery ON delivery.job = job.name
    WHERE job.light
      AND job.name <> ALL(CAST(:held AS text[]))
      AND delivery.state = 'admitted'
      AND delivery.deaths < :deaths_alone
      AND (delivery.batch_id IS NULL OR delivery.batch_id = delivery.id)
    ORDER BY delivery.job, delivery.admitted_at, delivery.sequence
)
SELECT DISTINCT ON (waiting.interactive)
       waiting.id, waiting.job, waiting.interactive, waiting.workspace_id, waiting.dispatches, waiting.event_id,
       event.name AS event_name, event.causation_id, event.correlation_id
FROM waiting
JOIN groundwork.event ON event.id = waiting.event_id
WHERE NOT EXISTS (SELECT FROM host WHERE host.interactive = waiting.interactive AND host.coming)
  AND (
      NOT EXISTS (
          SELECT FROM host WHERE host.interactive = waiting.interactive AND waiting.job = ANY(host.jobs)
      )
      OR (
          waiting.admitted_at < clock_timestamp() - make_interval(secs => :patience)
          AND (SELECT count(*) FROM host WHERE host.interactive = waiting.interactive)
              < CASE WHEN waiting.interactive THEN 1 ELSE :most END
      )
  )
ORDER BY waiting.interactive, waiting.admitted_at;

-- name: asked_before
-- Count another dispatch of a delivery that a host was asked for with before, so that Prefect takes the event for a new one.
UPDATE groundwork.delivery
SET dispatches = delivery.dispatches + 1
FROM groundwork.light_host
WHERE delivery.id = :delivery_id
  AND light_host.delivery_id = delivery.id
  AND light_host.dispatches = delivery.dispatches
RETURNING delivery.dispatches;

-- name: note_asked
-- Note that a host is asked for.
INSERT INTO groundwork.light_host (interactive, delivery_id, dispatches) VALUES (:interactive, :delivery_id, :dispatches);

-- name: overdue_asks
-- Hosts that were asked for and have not come.
SELECT light_host.id, light_host.delivery_id, delivery.job
FROM groundwork.light_host
JOIN groundwork.delivery ON delivery.id = light_host.delivery_id
WHERE light_host.flow_run_id IS NULL AND light_host.ended_at IS NULL AND asked_at < clock_timestamp() - make_interval(secs => :claim_seconds);

-- name: ask_on
-- Give a host that was asked for more time: its run waits for a worker.
UPDATE groundwork.light_host SET asked_at = clock_timestamp() WHERE id = :id AND flow_run_id IS NULL;

-- name: drop_ask
-- Wait no longer for a host that was asked for.
UPDATE groundwork.light_host SET ended_at = clock_timestamp() WHERE id = :id AND flow_run_id IS NULL;

-- name: begin_host
-- Be the host that was asked for with a delivery, unless there are as many as there may be: several may have been asked for,
-- where their runs were slow to start. No row: none was asked for, and the run is an ordinary one.
WITH asked AS MATERIALIZED (
    SELECT id, interactive
    FROM groundwork.light_host
    WHERE delivery_id = :delivery_id AND flow_run_id IS NULL
    ORDER BY ended_at IS NULL DESC, id DESC
    LIMIT 1
    FOR UPDATE
), enough AS MATERIALIZED (
    SELECT count(*) >= CASE WHEN asked.interactive THEN 1 ELSE CAST(:most AS int) END AS there
    FROM asked
    LEFT JOIN groundwork.light_host AS other
      ON other.interactive = asked.interactive
     AND other.ended_at IS NULL
     AND other.leaving_at IS NULL
     AND other.lease_expires_at > clock_timestamp()
     AND other.jobs @> CAST(:jobs AS text[])
    WHERE other.id IS NOT NULL
    GROUP BY asked.interactive
)
UPDATE groundwork.light_host
SET flow_run_id = :flow_run_id,
    jobs = :jobs,
    places = :places,
    began_at = clock_timestamp(),
    ended_at = CASE WHEN (SELECT there FROM enough) THEN clock_timestamp() END,
    lease_expires_at = CASE
        WHEN (SELECT there FROM enough) THEN NULL
        ELSE clock_timestamp() + make_interval(secs => :lease_seconds)
    END
FROM asked
WHERE light_host.id = asked.id
RETURNING light_host.ended_at IS NULL AS wanted;

-- name: tell_of_host
-- Tell what a host does, and hear how it stands: whether it is one still, whether another of its kind is there to take over,
-- when the code was deployed last, and whether other runs wait, perhaps for its place.
WITH told AS (
    UPDATE groundwork.light_host
    SET in_use = :in_use, settled = :settled,
        leaving_at = CASE WHEN :leaving THEN coalesce(leaving_at, clock_timestamp()) END
    WHERE flow_run_id = :flow_run_id AND ended_at IS NULL
    RETURNING interactive
)
SELECT EXISTS (SELECT FROM told) AS known,
       EXISTS (
           SELECT
           FROM groundwork.light_host AS other
           JOIN told USING (interactive)
           WHERE other.flow_run_id <> :flow_run_id
             AND other.ended_at IS NULL
             AND other.leaving_at IS NULL
             AND other.lease_expires_at > clock_timestamp()
       ) AS succeeded,
       (SELECT max(updated_at) FROM groundwork.job) AS deployed_at,
       EXISTS (
           SELECT
           FROM groundwork.job
           WHERE NOT light AND NOT paused AND EXISTS (
               SELECT FROM groundwork.delivery WHERE delivery.state = 'queued' AND delivery.job = job.name
           )
       ) AS place_wanted;

-- name: end_host
-- A host has ended, or its process is gone.
UPDATE groundwork.light_host
SET ended_at = clock_timestamp(), lease_expires_at = NULL, in_use = 0, settled = greatest(settled, :settled)
WHERE flow_run_id = :flow_run_id AND ended_at IS NULL;

-- name: end_hosts
-- Hosts whose runs have ended, and hosts that were asked for by runs that ended before they began.
UPDATE groundwork.light_host
SET ended_at = clock_timestamp(), lease_expires_at = NULL, in_use = 0
FROM unnest(
    CAST(:run_ids AS uuid[]), CAST(:delivery_ids AS uuid[]), CAST(:created_at AS timestamptz[])
) AS run (id, delivery_id, created_at)
WHERE light_host.ended_at IS NULL
  AND (
      light_host.flow_run_id = run.id
      OR (
          light_host.flow_run_id IS NULL
          AND light_host.delivery_id = run.delivery_id
          AND run.created_at > light_host.asked_at
      )
  );

-- name: held_by
-- What a host holds by the inbox's account, other than for a moment.
SELECT id, attempt
FROM groundwork.delivery
WHERE flow_run_id = :flow_run_id
  AND state = 'running'
  AND lease_expires_at IS NOT NULL
  AND claimed_at < clock_timestamp() - make_interval(secs => :moment);

-- name: hosts
-- The hosts that there are, or are about to be.
SELECT interactive, flow_run_id, jobs, places, in_use, settled, asked_at, began_at, leaving_at
FROM groundwork.light_host
WHERE ended_at IS NULL AND (lease_expires_at > clock_timestamp() OR flow_run_id IS NULL)
ORDER BY id;
