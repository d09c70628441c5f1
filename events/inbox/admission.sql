-- name: admission_lock
-- One at a time counts and admits; a cancellation waits for it, since it has to see which deliveries share a run.
SELECT pg_advisory_xact_lock(x'61646D6974'::bigint);

-- name: admit
-- Admit what may run now. Works on units: a delivery, or the deliveries that share a batch's run.
-- In each lane the most urgent units, then the oldest, as far as the lane's limit, its throttle and, for singletons, the key
-- leave room. Where a job has further limits (job_limit: by a key, or shared with other jobs), a unit that one of them has
-- no room for stands aside and holds up no other, and of those that share one, so many go as it has room, in the order
-- that follows; what another limit keeps back meanwhile is made up for by the next look, which comes at once. Where no job
-- has any, what stands between "of limits:" and "end" is left out before PostgreSQL sees it, and costs nothing. Over all
-- lanes by priority, then the workspace that holds least for its weight, then the one served least (start-time fair
-- queueing, Goyal, Vin and Cheng 1996), then age; as far as the workers have room. Bulk jobs leave :share of it free where
-- there are interactive jobs, and give way while these are in use, since starting a run is what costs Prefect most: they
-- start one every :bulk_start_seconds, and none while an interactive run starts, unless no bulk run is in flight.
-- Walks from lane to lane on delivery_queued_idx, at most :lanes of each job, and goes on from there the next time: the
-- cost grows with neither the backlog nor the number of lanes. Does not walk while the workers are full.
-- What waits and keeps its place counts against its lane and its limits (places), and not against the workers (units).
-- Light jobs have a capacity of their own, that of their hosts: a look admits either those (:light) or the others.
WITH in_flight AS MATERIALIZED (
    SELECT job, workspace_id, flow_key, count(*) AS places, count(*) FILTER (WHERE state <> 'scheduled') AS units,
           count(*) FILTER (WHERE state = 'admitted') AS starting
    FROM (
        SELECT job, workspace_id, flow_key, state
        FROM groundwork.delivery
        WHERE state IN (:in_flight) AND (batch_id IS NULL OR batch_id = id)
        UNION ALL
        SELECT job, workspace_id, flow_key, state
        FROM groundwork.delivery
        WHERE state = 'scheduled' AND keeps_place
    ) AS holding
    GROUP BY job, workspace_id, flow_key
), kind AS MATERIALIZED (
    SELECT coalesce(sum(units), 0) AS units,
           coalesce(sum(units) FILTER (WHERE NOT job.interactive), 0) AS bulk,
           coalesce(sum(starting) FILTER (WHERE job.interactive), 0) AS interactive_starting
    FROM in_flight
    JOIN groundwork.job ON job.name = in_flight.job AND job.light = :light
), recent AS MATERIALIZED (
    SELECT max(last_admitted_at) FILTER (WHERE interactive)
               > clock_timestamp() - make_interval(secs => :give_way_seconds) AS interactive,
           coalesce(max(last_admitted_at) FILTER (WHERE NOT interactive)
               > clock_timestamp() - make_interval(secs => :bulk_start_seconds), false) AS bulk
    FROM groundwork.job
    WHERE light = :light
), free AS MATERIALIZED (
    SELECT greatest(:capacity - units, 0) AS total,
           least(
               greatest(
                   :capacity - kind.bulk - CASE
                       WHEN EXISTS (SELECT FROM groundwork.job WHERE interactive AND light = :light)
                       THEN least(ceil(:capacity * CAST(:share AS float)), :capacity - 1)
                       ELSE 0
                   END,
                   0
               ),
               CASE
                   WHEN recent.interactive
                   THEN CAST(NOT recent.bulk AND (interactive_starting = 0 OR kind.bulk = 0) AS int)
               END
           ) AS bulk
    FROM kind
    CROSS JOIN recent
), lane AS MATERIALIZED (
    SELECT job.name AS job, walk.workspace_id, walk.flow_key, walk.number
    FROM groundwork.job
    CROSS JOIN LATERAL (
        WITH RECURSIVE walk AS (
            (
                SELECT workspace_id, flow_key, 1 AS number
                FROM groundwork.delivery
                WHERE state = 'queued'
                  AND job = job.name
                  AND (workspace_id, flow_key) > (job.walked_workspace_id, job.walked_flow_key)
                ORDER BY workspace_id, flow_key
                LIMIT 1
            )
            UNION ALL
            SELECT next_lane.workspace_id, next_lane.flow_key, walk.number + 1
            FROM walk
            CROSS JOIN LATERAL (
                SELECT workspace_id, flow_key
                FROM groundwork.delivery
                WHERE state = 'queued'
                  AND job = job.name
                  AND (workspace_id, flow_key) > (walk.workspace_id, walk.flow_key)
                ORDER BY workspace_id, flow_key
                LIMIT 1
            ) AS next_lane
            WHERE walk.number < :lanes
        )
        SELECT * FROM walk
    ) AS walk
    WHERE job.light = :light AND NOT job.paused AND job.retired_at IS NULL AND job.name <> ALL(CAST(:held AS text[])) AND (SELECT total FROM free) > 0
), walked AS (
    UPDATE groundwork.job
    SET walked_workspace_id = coalesce(last.workspace_id, ''), walked_flow_key = coalesce(last.flow_key, '')
    FROM groundwork.job AS every
    LEFT JOIN lane AS last ON last.job = every.name AND last.number = :lanes
    WHERE job.name = every.name
      AND every.light = :light
      AND (SELECT total FROM free) > 0
      AND (job.walked_workspace_id, job.walked_flow_key)
          IS DISTINCT FROM (coalesce(last.workspace_id, ''), coalesce(last.flow_key, ''))
), held AS (
    SELECT job, workspace_id, sum(units) AS units, sum(places) AS places FROM in_flight GROUP BY job, workspace_id
), lane_room AS (
    SELECT lane.job, lane.workspace_id, lane.flow_key, job.interactive, job.ordered, job.batch_size,
           job.batch_wait_seconds, coalesce(lane_override.weight, 1) AS weight,
           least(
               coalesce(lane_override.lane_limit, job.lane_limit) - coalesce(held.places, 0),
               CASE WHEN job.ordered THEN 1 - coalesce(held.places, 0) END,
               CASE
                   WHEN job.flow_control #> '{throttle,field}' IS NULL
                   THEN CAST(job.flow_control #>> '{throttle,limit}' AS int) - started.starts
               END,
               free.total
           ) AS room,
           CASE WHEN job.flow_control ? 'singleton' THEN 1 - coalesce(in_flight.places, 0) END AS key_room
    FROM lane
    CROSS JOIN free
    JOIN groundwork.job ON job.name = lane.job
    LEFT JOIN groundwork.lane_override USING (job, workspace_id)
    LEFT JOIN held USING (job, workspace_id)
    LEFT JOIN in_flight USING (job, workspace_id, flow_key)
    LEFT JOIN LATERAL (
        SELECT count(*) AS starts
        FROM groundwork.throttle_start
        WHERE job.flow_control ? 'throttle'
          AND throttle_start.job = lane.job
          AND throttle_start.workspace_id = lane.workspace_id
          AND throttle_start.key = ''
          AND started_at > clock_timestamp() - make_interval(secs => CAST(job.flow_control #>> '{throttle,period}' AS float))
    ) AS started ON true
    WHERE NOT coalesce(lane_override.paused, false)
), oldest AS (
    SELECT lane_room.*, head.id, head.batch_id, head.priority, head.urgency, head.sequence, head.accepted_at,
           -- A delivery of an ordered job that waits for its next attempt keeps those behind it waiting, whatever their key.
           bool_and(head.not_before <= clock_timestamp()) OVER (
               PARTITION BY job, workspace_id, CASE WHEN ordered THEN '' ELSE flow_key END ORDER BY head.sequence
           ) AS due,
           CASE WHEN head.batch_id IS NULL THEN (row_number() OVER (
               PARTITION BY job, workspace_id, flow_key, head.batch_id IS NULL ORDER BY head.urgency DESC, head.sequence
           ) - 1) / batch_size END AS place
    FROM lane_room
    CROSS JOIN LATERAL (
        SELECT id, CASE WHEN batch_size > 1 THEN batch_id END AS batch_id, priority, urgency, sequence, accepted_at, not_before
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND job = lane_room.job
          AND workspace_id = lane_room.workspace_id
          AND flow_key = lane_room.flow_key
        ORDER BY urgency DESC, sequence
        LIMIT greatest(least(room, key_room), 0) * batch_size
    ) AS head
), unit AS (
    SELECT job, workspace_id, interactive, weight, room, batch_size, batch_id,
           coalesce(batch_id, (array_agg(id ORDER BY sequence))[1]) AS leader,
           array_agg(id) AS ids, max(priority) AS priority, max(urgency) AS urgency, min(sequence) AS sequence
    FROM oldest
    GROUP BY job, workspace_id, flow_key, interactive, weight, room, batch_size, batch_wait_seconds, batch_id, place
    HAVING bool_and(due) AND (
        batch_size = 1
        OR batch_id IS NOT NULL
        OR count(*) = batch_size
        OR min(accepted_at) + make_interval(secs => batch_wait_seconds) <= clock_timestamp()
    )
), /* of limits: */ in_use AS MATERIALIZED (
    SELECT kind, name, field, within, key, units FROM groundwork.limit_use
), limited AS MATERIALIZED (
    SELECT unit.leader, kind, name, field, what.within, what.key,
           most - CASE
               WHEN kind = 'throttle' THEN (
                   SELECT count(*)
                   FROM groundwork.throttle_start
                   WHERE throttle_start.job = unit.job
                     AND throttle_start.workspace_id = unit.workspace_id
                     AND throttle_start.key = what.key
                     AND started_at > clock_timestamp() - make_interval(secs => period)
               )
               ELSE coalesce(in_use.units, 0)
           END AS limit_room
    FROM groundwork.job_limit
    JOIN unit USING (job)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN per_workspace THEN unit.workspace_id ELSE '' END AS within,
               CASE WHEN field = '' THEN '' ELSE delivery.limit_keys ->> field END AS key
        FROM groundwork.delivery
        WHERE delivery.id = unit.leader
        OFFSET 0
    ) AS what
    LEFT JOIN in_use USING (kind, name, field, within, key)
    WHERE what.key IS NOT NULL
), /* end */ open AS (
    SELECT unit.*, row_number() OVER (PARTITION BY job, workspace_id ORDER BY urgency DESC, sequence) AS lane_place
    FROM unit
    /* of limits: */ WHERE leader NOT IN (SELECT leader FROM limited WHERE limit_room <= 0) /* end */
), placed AS (
    SELECT open.*,
           row_number() OVER (PARTITION BY workspace_id ORDER BY priority DESC, urgency DESC, sequence) - 1 AS ahead
    FROM open
    WHERE lane_place <= room
), weighed AS (
    SELECT placed.*,
           (coalesce(workspace.units, 0) + ahead) / weight AS holds,
           greatest(coalesce(share.served, now_at.served), now_at.served) + ahead / weight AS served
    FROM placed
    LEFT JOIN (SELECT workspace_id, sum(units) AS units FROM held GROUP BY workspace_id) AS workspace USING (workspace_id)
    LEFT JOIN groundwork.fair_share AS share USING (workspace_id)
    CROSS JOIN (
        SELECT coalesce((SELECT served FROM groundwork.fair_share WHERE workspace_id = ''), 0) AS served
    ) AS now_at
), /* of limits: */ over_limit AS MATERIALIZED (
    SELECT leader
    FROM (
        SELECT leader, limit_room, row_number() OVER (
            PARTITION BY kind, name, field, within, key ORDER BY priority DESC, holds, served, sequence
        ) AS place
        FROM limited
        JOIN weighed USING (leader)
    ) AS sharing
    WHERE place > limit_room
), /* end */ ranked AS (
    SELECT weighed.*, count(*) FILTER (WHERE NOT interactive) OVER turn AS bulk_place
    FROM weighed
    /* of limits: */ WHERE leader NOT IN (SELECT leader FROM over_limit) /* end */
    WINDOW turn AS (ORDER BY priority DESC, holds, served, sequence)
), chosen AS (
    SELECT ranked.*
    FROM ranked
    CROSS JOIN free
    WHERE interactive OR bulk_place <= free.bulk
    ORDER BY priority DESC, holds, served, sequence
    LIMIT (SELECT total FROM free)
), shared AS (
    INSERT INTO groundwork.fair_share AS known (workspace_id, served)
    SELECT workspace_id, max(served + 1 / weight) FROM chosen GROUP BY workspace_id
    UNION ALL
    SELECT '', max(served) FROM chosen HAVING count(*) > 0
    ON CONFLICT (workspace_id) DO UPDATE SET served = greatest(known.served, excluded.served)
), throttled AS (
    INSERT INTO groundwork.throttle_start (job, workspace_id, key, started_at)
    SELECT chosen.job, chosen.workspace_id, what.key, clock_timestamp()
    FROM chosen
    JOIN groundwork.job ON job.name = chosen.job AND job.flow_control ? 'throttle'
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN job.flow_control #> '{throttle,field}' IS NULL THEN ''
            ELSE delivery.limit_keys ->> (job.flow_control #>> '{throttle,field}')
        END AS key
        FROM groundwork.delivery
        WHERE delivery.id = chosen.leader
        OFFSET 0
    ) AS what
    WHERE what.key IS NOT NULL
), member AS (
    SELECT unnest(ids) AS id, leader, batch_size FROM chosen WHERE batch_id IS NULL
    UNION ALL
    SELECT delivery.id, leader, batch_size
    FROM chosen
    JOIN groundwork.delivery ON delivery.batch_id = chosen.batch_id AND delivery.state = 'queued'
), admitted AS (
    UPDATE groundwork.delivery
    SET state = 'admitted',
        dispatches = dispatches + 1,
        flow_run_id = NULL,
        batch_id = CASE WHEN member.batch_size > 1 THEN member.leader END,
        admitted_at = clock_timestamp(),
        lease_expires_at = CASE
            WHEN delivery.id = member.leader THEN clock_timestamp() + make_interval(secs => :claim_seconds)
        END
    FROM member
    -- The state again: an event may have cancelled the delivery since this statement began.
    WHERE delivery.id = member.id AND delivery.state = 'queued'
    RETURNING delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.dispatches,
              delivery.sequence, delivery.deaths, member.leader
)
SELECT admitted.id, admitted.deaths, admitted.job, admitted.workspace_id, admitted.dispatches, admitted.sequence,
       event.id AS event_id, event.name AS event_name, event.causation_id, event.correlation_id
FROM admitted
JOIN groundwork.event ON event.id = admitted.event_id
WHERE admitted.id = admitted.leader;

-- name: any_limits
-- Whether a job has limits beyond its lane, whether there are light jobs, and whether any has something queued; and the
-- others, where there are light ones.
WITH queued AS (
    SELECT light
    FROM groundwork.job
    WHERE walked_workspace_id <> ''
       OR EXISTS (SELECT FROM groundwork.delivery WHERE state = 'queued' AND delivery.job = job.name)
)
SELECT EXISTS (SELECT FROM groundwork.job WHERE flow_control ? 'limits') AS limits,
       EXISTS (SELECT FROM groundwork.job WHERE light) AS light,
       EXISTS (SELECT FROM queued WHERE light) AS light_queued,
       EXISTS (SELECT FROM queued WHERE NOT light) AS others_queued;

-- name: hosts_in_pool
-- The places of the work pool that hosts take, or are about to.
SELECT count(*)
FROM groundwork.light_host
WHERE ended_at IS NULL
  AND (
      lease_expires_at > clock_timestamp()
      OR (flow_run_id IS NULL AND asked_at > clock_timestamp() - make_interval(secs => :claim_seconds))
  );

-- name: wake_hosts
-- Tell the hosts, once this transaction commits, that something was admitted for them.
SELECT pg_notify('groundwork_light', '');

-- name: note_admitted
-- Note which jobs are in use.
UPDATE groundwork.job SET last_admitted_at = clock_timestamp() WHERE name = ANY(:jobs);

-- name: next_look
-- Seconds until something may be admitted without anything being written: the rest of a walk, a start in the future, a
-- batch that fills up, or the next start of bulk jobs that give way.
SELECT least(
    (SELECT 0 FROM groundwork.job WHERE walked_workspace_id <> '' LIMIT 1),
    (
        SELECT extract(epoch FROM min(not_before) - clock_timestamp())
        FROM groundwork.delivery
        WHERE state = 'scheduled'
    ),
    (
        SELECT min(batch_wait_seconds) / 2
        FROM groundwork.job
        WHERE batch_size > 1 AND batch_wait_seconds > 0 AND NOT paused AND retired_at IS NULL AND EXISTS (
            SELECT FROM groundwork.delivery WHERE delivery.state = 'queued' AND delivery.job = job.name
        )
    ),
    (
        SELECT extract(
            epoch FROM max(last_admitted_at) FILTER (WHERE NOT interactive)
                + make_interval(secs => :bulk_start_seconds) - clock_timestamp()
        )
        FROM groundwork.job
        WHERE NOT light
        HAVING max(last_admitted_at) FILTER (WHERE interactive)
                > clock_timestamp() - make_interval(secs => :give_way_seconds)
           AND max(last_admitted_at) FILTER (WHERE NOT interactive)
                > clock_timestamp() - make_interval(secs => :bulk_start_seconds)
    )
);

-- name: tidy_shares
-- Forget workspaces that have had no more than their share: they are served like new ones.
DELETE FROM groundwork.fair_share
WHERE workspace_id <> ''
  AND served <= (SELECT served FROM groundwork.fair_share WHERE workspace_id = '');

-- name: tidy_throttles
-- Forget starts that no throttle counts any more.
DELETE FROM groundwork.throttle_start
USING groundwork.job
WHERE job.name = throttle_start.job
  AND started_at < clock_timestamp()
      - make_interval(secs => coalesce(CAST(job.flow_control #>> '{throttle,period}' AS float), 0));

-- name: tidy_rates
-- Forget what no rate limit counts any more.
DELETE FROM groundwork.rate WHERE idle_at <= clock_timestamp();

-- name: tidy_idempotency
-- Forget keys whose time is over.
DELETE FROM groundwork.idempotency WHERE expires_at <= clock_timestamp();

-- name: tidy_hosts
-- Forget hosts that ended long ago, and those whose lease ran out long ago.
DELETE FROM groundwork.light_host
WHERE ended_at < clock_timestamp() - interval '1 hour'
   OR lease_expires_at < clock_timestamp() - interval '1 hour';

-- name: posted
-- Note when Prefect had the events of admitted deliveries, and tell the workers how many runs are about to be made. The
-- time to be claimed begins anew: Prefect may have been away for long since they were admitted.
WITH noted AS (
    UPDATE groundwork.delivery
    SET posted_at = clock_timestamp(),
        lease_expires_at = CASE
            WHEN state = 'admitted' AND lease_expires_at IS NOT NULL
            THEN clock_timestamp() + make_interval(secs => :claim_seconds)
            ELSE lease_expires_at
        END
    WHERE id = ANY(:delivery_ids) OR batch_id = ANY(:delivery_ids)
    RETURNING id
)
SELECT pg_notify('groundwork_posted', cardinality(:delivery_ids)::text) FROM noted LIMIT 1;
