-- name: admission_lock
-- One at a time counts and admits; a cancellation waits for it, since it has to see which deliveries share a run. A process
-- that is stopped while it has the lock would keep all others from admitting: PostgreSQL ends its transaction.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true), pg_advisory_xact_lock(x'61646D6974'::bigint);

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
-- cost grows with neither the backlog nor the number of lanes. Walks no lanes of which nothing may be admitted, since the
-- workers are full or bulk jobs give way. Looks no deeper into a lane than something may be admitted from it (last_turn): with
-- more workspaces than room, not each lane is read as deep as there is room.
-- What waits and keeps its place counts against its lane and its limits (places), and not against the workers (units).
-- Each work pool has a capacity of its own, that of its workers: a look admits for one of them.
-- Light jobs have a capacity of their own, that of their hosts: a look admits either those (:light) or the others. A host
-- may look for its :own jobs alone: no lane of others is read, and what is to be run alone is left where it is. Of light jobs
-- a look reaches no more lanes than there may be use for (reach): the next one comes soon.
WITH in_flight AS MATERIALIZED (
    SELECT job, workspace_id, flow_key, count(*) AS places, count(*) FILTER (WHERE state <> 'scheduled') AS units,
           count(*) FILTER (WHERE state = 'admitted') AS starting
    FROM groundwork.delivery
    WHERE (state IN (:in_flight) OR (state = 'scheduled' AND keeps_place)) AND (batch_id IS NULL OR batch_id = id)
    GROUP BY job, workspace_id, flow_key
), kind AS MATERIALIZED (
    SELECT coalesce(sum(units), 0) AS units,
           coalesce(sum(units) FILTER (WHERE NOT job.interactive), 0) AS bulk,
           coalesce(sum(starting) FILTER (WHERE job.interactive), 0) AS interactive_starting
    FROM in_flight
    JOIN groundwork.job ON job.name = in_flight.job AND job.light = :light AND job.work_pool = :work_pool
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
                       WHEN EXISTS (
                           SELECT FROM groundwork.job WHERE interactive AND light = :light AND work_pool = :work_pool
                       )
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
), reach AS MATERIALIZED (
    SELECT CASE WHEN :light THEN least(greatest(4 * least(total, bulk), 32), :lanes) ELSE :lanes END AS lanes FROM free
), lane AS MATERIALIZED (
    SELECT job.name AS job, walk.workspace_id, walk.flow_key, walk.number, walk.not_before,
           greatest(walk.priority, job.priority) AS priority, interactive, ordered, batch_size, batch_wait_seconds,
           lane_limit, flow_control
    FROM groundwork.job
    CROSS JOIN LATERAL (
        WITH RECURSIVE walk AS (
            (
                SELECT workspace_id, flow_key, priority, not_before, 1 AS number
                FROM groundwork.delivery
                WHERE state = 'queued'
                  AND job = job.name
                  AND (workspace_id, flow_key) > (job.walked_workspace_id, job.walked_flow_key)
                ORDER BY workspace_id, flow_key, urgency DESC, sequence
                LIMIT 1
            )
            UNION ALL
            SELECT next_lane.*, walk.number + 1
            FROM walk
            CROSS JOIN LATERAL (
                SELECT workspace_id, flow_key, priority, not_before
                FROM groundwork.delivery
                WHERE state = 'queued'
                  AND job = job.name
                  AND (workspace_id, flow_key) > (walk.workspace_id, walk.flow_key)
                ORDER BY workspace_id, flow_key, urgency DESC, sequence
                LIMIT 1
            ) AS next_lane
            WHERE walk.number < (SELECT lanes FROM reach)
        )
        SELECT * FROM walk
    ) AS walk
    WHERE job.light = :light AND job.work_pool = :work_pool AND NOT job.paused AND job.retired_at IS NULL
      AND job.name <> ALL(CAST(:held AS text[]))
      AND (SELECT CASE WHEN job.interactive THEN total ELSE least(total, bulk) END FROM free) > 0
      AND (CAST(:own AS text[]) IS NULL OR (job.name = ANY(:own) AND job.held_because IS NULL))
), held AS (
    SELECT job, workspace_id, sum(units) AS units, sum(places) AS places FROM in_flight GROUP BY job, workspace_id
), in_workspace AS (
    SELECT workspace_id, sum(units) AS units FROM in_flight GROUP BY workspace_id
), lane_room AS (
    SELECT lane.*, coalesce(lane_override.weight, 1) AS weight, coalesce(in_workspace.units, 0) AS units,
           least(
               coalesce(lane_override.lane_limit, lane.lane_limit) - coalesce(held.places, 0),
               CASE WHEN ordered THEN 1 - coalesce(held.places, 0) END,
               CASE
                   WHEN flow_control #> '{throttle,field}' IS NULL
                   THEN CAST(flow_control #>> '{throttle,limit}' AS int) - started.starts
               END,
               free.total
           ) AS room,
           CASE WHEN flow_control ? 'singleton' THEN 1 - coalesce(in_flight.places, 0) END AS key_room
    FROM lane
    CROSS JOIN free
    LEFT JOIN groundwork.lane_override USING (job, workspace_id)
    LEFT JOIN held USING (job, workspace_id)
    LEFT JOIN in_workspace USING (workspace_id)
    LEFT JOIN in_flight USING (job, workspace_id, flow_key)
    LEFT JOIN LATERAL (
        SELECT count(*) AS starts
        FROM groundwork.throttle_start
        WHERE lane.flow_control ? 'throttle'
          AND throttle_start.job = lane.job
          AND throttle_start.workspace_id = lane.workspace_id
          AND throttle_start.key = ''
          AND started_at
              > clock_timestamp() - make_interval(secs => CAST(lane.flow_control #>> '{throttle,period}' AS float))
    ) AS started ON true
    WHERE NOT coalesce(lane_override.paused, false)
), known_lane AS MATERIALIZED (
    -- even: the turns of its workspace follow from priority and place alone, since its lanes weigh the same, and are all
    -- interactive or all not. certain_priority: the highest of its workspace of which a unit is there for certain.
    SELECT lane_room.*,
           bool_and(interactive) OVER of_workspace = bool_or(interactive) OVER of_workspace
               AND min(weight) OVER of_workspace = max(weight) OVER of_workspace AS even,
           bool_or(flow_control ? 'limits') OVER of_workspace AS limited,
           max(priority) FILTER (
               WHERE not_before <= clock_timestamp() AND NOT ordered AND batch_size = 1 AND least(room, key_room) > 0
           ) OVER of_workspace AS certain_priority,
           row_number() OVER of_workspace AS lane_of_workspace
    FROM lane_room
    WINDOW of_workspace AS (PARTITION BY workspace_id)
), last_turn AS MATERIALIZED (
    -- The turn of the last one that there can be room for: as many workspaces as that have a unit with this turn or a
    -- better one. Its row is missing where there are fewer.
    SELECT interactive, priority, holds
    FROM (
        SELECT interactive, priority, holds,
               row_number() OVER (PARTITION BY interactive ORDER BY priority DESC, holds) AS place
        FROM (
            SELECT interactive, certain_priority AS priority, units / weight AS holds
            FROM known_lane
            WHERE lane_of_workspace = 1 AND even AND NOT limited AND certain_priority IS NOT NULL
        ) AS certain
    ) AS in_turn
    CROSS JOIN free
    WHERE place = CASE WHEN interactive THEN total ELSE greatest(least(total, bulk), 1) END
), lane_depth AS (
    -- A unit has at least as many of its workspace ahead as stand before it in its lane: deeper than depth, it comes after
    -- the last turn. Not known of lanes whose units may stand aside for a limit or hold each other up. The next whole number
    -- absorbs rounding.
    SELECT known_lane.*,
           greatest(least(
               room,
               key_room,
               CASE
                   WHEN NOT even OR ordered OR flow_control ? 'limits' OR known_lane.priority > last_turn.priority THEN NULL
                   WHEN known_lane.priority < last_turn.priority THEN 0
                   ELSE ceil(last_turn.holds * weight - units) + 1
               END
           ), 0) AS depth
    FROM known_lane
    LEFT JOIN last_turn USING (interactive)
), head AS MATERIALIZED (
    SELECT job, workspace_id, flow_key, interactive, weight, units, room, ordered, batch_size, batch_wait_seconds, head.*
    FROM lane_depth
    CROSS JOIN LATERAL (
        SELECT id, CASE WHEN batch_size > 1 THEN batch_id END AS batch_id, priority, urgency, sequence, accepted_at,
               not_before, deaths >= :deaths_alone AS alone
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND job = lane_depth.job
          AND workspace_id = lane_depth.workspace_id
          AND flow_key = lane_depth.flow_key
        ORDER BY urgency DESC, sequence
        LIMIT depth * batch_size
    ) AS head
), held_up AS MATERIALIZED (
    -- A delivery of an ordered job that waits for its next attempt keeps those behind it waiting, whatever their key.
    SELECT job, workspace_id, min(sequence) AS behind
    FROM head
    WHERE ordered AND not_before > clock_timestamp()
    GROUP BY job, workspace_id
), oldest AS (
    SELECT head.*, not_before <= clock_timestamp() AND (behind IS NULL OR sequence < behind) AS due
    FROM head
    LEFT JOIN held_up USING (job, workspace_id)
), unit AS (
    SELECT job, workspace_id, interactive, weight, units, room, batch_size, batch_id,
           id AS leader, ARRAY[id] AS ids, priority, urgency, sequence, alone
    FROM oldest
    WHERE batch_size = 1 AND due
    UNION ALL
    SELECT job, workspace_id, interactive, weight, units, room, batch_size, batch_id,
           coalesce(batch_id, (array_agg(id ORDER BY sequence))[1]),
           array_agg(id), max(priority), max(urgency), min(sequence), bool_or(alone)
    FROM (
        SELECT oldest.*, CASE WHEN batch_id IS NULL THEN (row_number() OVER (
                   PARTITION BY job, workspace_id, flow_key, batch_id IS NULL ORDER BY urgency DESC, sequence
               ) - 1) / batch_size END AS place
        FROM oldest
        WHERE batch_size > 1
    ) AS member
    GROUP BY job, workspace_id, flow_key, interactive, weight, units, room, batch_size, batch_wait_seconds, batch_id, place
    HAVING bool_and(due) AND (
        batch_id IS NOT NULL
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
           (units + ahead) / weight AS holds,
           greatest(coalesce(share.served, now_at.served), now_at.served) + ahead / weight AS served
    FROM placed
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
    WHERE (interactive OR bulk_place <= free.bulk) AND (CAST(:own AS text[]) IS NULL OR NOT alone)
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
    JOIN groundwork.delivery ON delivery.batch_id = chosen.batch_id AND delivery.state || '' = 'queued'
), admitted AS (
    UPDATE groundwork.delivery
    SET state = 'admitted',
        dispatches = dispatches + 1,
        flow_run_id = NULL,
        worker_id = NULL,
        batch_id = CASE WHEN member.batch_size > 1 THEN member.leader END,
        admitted_at = clock_timestamp(),
        lease_expires_at = CASE
            WHEN delivery.id = member.leader THEN clock_timestamp() + make_interval(secs => :claim_seconds)
        END
    FROM member
    -- The state again: an event may have cancelled the delivery since this statement began. Written so that no index has it:
    -- after a quiet time, statistics say that nothing is queued, and PostgreSQL would join all that is queued by now.
    WHERE delivery.id = member.id AND delivery.state || '' = 'queued'
    RETURNING delivery.id, delivery.event_id, delivery.job, delivery.workspace_id, delivery.dispatches,
              delivery.sequence, delivery.deaths, member.leader
), noted AS (
    UPDATE groundwork.job
    SET walked_workspace_id = found.workspace_id,
        walked_flow_key = found.flow_key,
        last_admitted_at = CASE WHEN found.used THEN clock_timestamp() ELSE job.last_admitted_at END
    FROM (
        SELECT every.name, coalesce(last.workspace_id, '') AS workspace_id, coalesce(last.flow_key, '') AS flow_key,
               used.job IS NOT NULL AS used
        FROM groundwork.job AS every
        LEFT JOIN lane AS last ON last.job = every.name AND last.number = (SELECT lanes FROM reach)
        LEFT JOIN (SELECT DISTINCT job FROM admitted) AS used ON used.job = every.name
    ) AS found
    WHERE job.name = found.name
      AND job.light = :light AND job.work_pool = :work_pool
      AND (CAST(:own AS text[]) IS NULL OR job.name = ANY(:own))
      AND (SELECT CASE WHEN job.interactive THEN total ELSE least(total, bulk) END FROM free) > 0
      AND (
          found.used
          OR (job.walked_workspace_id, job.walked_flow_key) IS DISTINCT FROM (found.workspace_id, found.flow_key)
      )
)
SELECT admitted.id, admitted.deaths, admitted.job, admitted.workspace_id, admitted.dispatches, admitted.sequence,
       event.id AS event_id, event.name AS event_name, event.causation_id, event.correlation_id,
       CAST(:work_pool AS text) AS work_pool
FROM admitted
JOIN groundwork.event ON event.id = admitted.event_id
WHERE admitted.id = admitted.leader;

-- name: kinds_queued
-- Of which kinds of jobs something is queued, or a walk has not come to its end: light ones; of the others, the work pools.
-- ORDER BY and LIMIT have PostgreSQL look into the index for each job. For EXISTS it reads all that is queued into a hash
-- where it expects little of it, and without an order it reads the table where it expects much.
WITH queued AS (
    SELECT light, work_pool
    FROM groundwork.job
    WHERE walked_workspace_id <> ''
       OR (
           SELECT true
           FROM groundwork.delivery
           WHERE delivery.state = 'queued' AND delivery.job = job.name
           ORDER BY delivery.workspace_id
           LIMIT 1
       )
)
SELECT EXISTS (SELECT FROM queued WHERE light) AS light,
       ARRAY(SELECT DISTINCT work_pool FROM queued WHERE NOT light ORDER BY work_pool) AS pools;

-- name: commit_soon
-- Let this transaction end without waiting for the disk.
SET LOCAL synchronous_commit TO off;

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
        WHERE batch_size > 1 AND batch_wait_seconds > 0 AND NOT paused AND retired_at IS NULL AND (
            SELECT true
            FROM groundwork.delivery
            WHERE delivery.state = 'queued' AND delivery.job = job.name
            ORDER BY delivery.workspace_id
            LIMIT 1
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
-- Note when Prefect had the events of admitted deliveries, and which workers their runs are meant for. The time to be
-- claimed begins anew: Prefect may have been away for long since they were admitted.
UPDATE groundwork.delivery
SET posted_at = clock_timestamp(),
    worker_id = (CAST(:worker_ids AS uuid[]))[array_position(:delivery_ids, coalesce(batch_id, id))],
    lease_expires_at = CASE
        WHEN state = 'admitted' AND lease_expires_at IS NOT NULL
        THEN clock_timestamp() + make_interval(secs => :claim_seconds)
        ELSE lease_expires_at
    END
WHERE id = ANY(:delivery_ids) OR batch_id = ANY(:delivery_ids);
