-- name: due
-- What the statements below, and those of arrivals, would find something to do for. Due is what was due when the transaction
-- began, as in promote.
SELECT (SELECT min(id) FROM groundwork.arrival) IS NOT NULL AS arrivals,
       coalesce((
           SELECT min(expires_at)
           FROM groundwork.delivery
           WHERE state IN (:waiting) AND attempt = 0 AND expires_at IS NOT NULL
       ) <= clock_timestamp(), false) AS expired,
       scheduled.due AS starts,
       scheduled.due AND job.debounce AS debounced,
       job.singletons,
       job.limits,
       job.light
FROM (
    SELECT coalesce(bool_or(flow_control ? 'debounce'), false) AS debounce,
           coalesce(bool_or(flow_control ->> 'singleton' = 'skip'), false) AS singletons,
           coalesce(bool_or(flow_control ? 'limits'), false) AS limits,
           coalesce(bool_or(light), false) AS light
    FROM groundwork.job
) AS job
CROSS JOIN (
    SELECT coalesce(min(not_before) <= now(), false) AS due FROM groundwork.delivery WHERE state = 'scheduled'
) AS scheduled;

-- name: expire
-- Drop what was not started in time, visibly. One that ran already and waits for its next attempt was started.
UPDATE groundwork.delivery
SET state = 'cancelled',
    last_error = 'Expired: not started by ' || expires_at || '.',
    settled_at = clock_timestamp()
WHERE state IN (:waiting) AND attempt = 0 AND expires_at <= clock_timestamp();

-- name: supersede_debounced
-- Where a debounced delivery is due, the newest of its key takes over from all others, and runs at the latest when the
-- first of them has waited for the longest time. One that is to start in the future has not happened yet: it takes over
-- from none, and none takes over from it, until its time has come. The newest is the one whose time came last, then the
-- one that was accepted last; one that took over before is older than all that came since. Fixed here and not when events are accepted, so that acceptances of
-- one key do not wait for each other. One that ran already and waits for its next attempt is left alone.
-- "state || ''" leaves PostgreSQL one index: that of ids, or that of keys (delivery_debounced_idx). After a quiet time,
-- statistics say that nothing is scheduled, and it would join all that is scheduled with all that is.
-- Due is what was due when the transaction began, here and in promote: by the clock of each statement, a delivery could
-- fall due between the two, and would run although a later one is there.
WITH touched AS (
    SELECT DISTINCT delivery.job, delivery.workspace_id, delivery.flow_key,
           make_interval(secs => CAST(job.flow_control #>> '{debounce,seconds}' AS float)) AS quiet,
           make_interval(secs => CAST(job.flow_control #>> '{debounce,longest}' AS float)) AS longest
    FROM groundwork.delivery
    JOIN groundwork.job ON job.name = delivery.job AND job.flow_control ? 'debounce' AND job.batch_size = 1
    WHERE delivery.state = 'scheduled' AND delivery.attempt = 0 AND delivery.not_before <= now()
), happened AS (
    SELECT id, longest,
           coalesce(debounced_since, not_before - quiet) AS since,
           first_value(id) OVER (
               PARTITION BY job, workspace_id, flow_key
               ORDER BY debounced_since IS NULL DESC, not_before DESC, sequence DESC
           ) AS newest
    FROM touched
    CROSS JOIN LATERAL (
        SELECT id, not_before, debounced_since, sequence
        FROM groundwork.delivery
        WHERE state || '' = 'scheduled'
          AND attempt = 0
          AND flow_key <> ''
          AND job = touched.job
          AND workspace_id = touched.workspace_id
          AND flow_key = touched.flow_key
        ORDER BY sequence
        OFFSET 0
    ) AS of_key
    WHERE debounced_since IS NOT NULL OR not_before - quiet <= now()
), superseded AS (
    UPDATE groundwork.delivery
    SET state = 'cancelled',
        superseded_by = happened.newest,
        last_error = 'Superseded by a later event (debounce).',
        settled_at = clock_timestamp()
    FROM happened
    WHERE delivery.id = happened.id
      AND delivery.id <> happened.newest
      AND delivery.state || '' = 'scheduled'
      AND delivery.attempt = 0
    RETURNING happened.newest AS heir, happened.longest, happened.since
), inherited AS (
    SELECT heir, min(since) AS since, min(longest) AS longest FROM superseded GROUP BY heir
)
UPDATE groundwork.delivery
SET debounced_since = inherited.since,
    not_before = least(delivery.not_before, inherited.since + inherited.longest)
FROM inherited
WHERE delivery.id = inherited.heir;

-- name: gather_debounced
-- Of a job that takes batches, all debounced deliveries of a key wait for the quiet time of the newest of them, and for no
-- longer than the first of them may; then they come together. What has not happened yet is left alone, as above.
WITH touched AS (
    SELECT DISTINCT delivery.job, delivery.workspace_id, delivery.flow_key,
           make_interval(secs => CAST(job.flow_control #>> '{debounce,seconds}' AS float)) AS quiet,
           make_interval(secs => CAST(job.flow_control #>> '{debounce,longest}' AS float)) AS longest
    FROM groundwork.delivery
    JOIN groundwork.job ON job.name = delivery.job AND job.flow_control ? 'debounce' AND job.batch_size > 1
    WHERE delivery.state = 'scheduled' AND delivery.attempt = 0 AND delivery.not_before <= now()
), happened AS (
    SELECT id, job, workspace_id, flow_key, not_before, longest,
           coalesce(debounced_since, not_before - quiet) AS since
    FROM touched
    CROSS JOIN LATERAL (
        SELECT id, not_before, debounced_since
        FROM groundwork.delivery
        WHERE state || '' = 'scheduled'
          AND attempt = 0
          AND flow_key <> ''
          AND job = touched.job
          AND workspace_id = touched.workspace_id
          AND flow_key = touched.flow_key
        ORDER BY sequence
        OFFSET 0
    ) AS of_key
    WHERE debounced_since IS NOT NULL OR not_before - quiet <= now()
), gathered AS (
    SELECT id, since,
           least(max(not_before) OVER of_key, min(since) OVER of_key + longest) AS due
    FROM happened
    WINDOW of_key AS (PARTITION BY job, workspace_id, flow_key)
)
UPDATE groundwork.delivery
SET not_before = gathered.due,
    debounced_since = gathered.since
FROM gathered
WHERE delivery.id = gathered.id AND delivery.state || '' = 'scheduled' AND delivery.not_before <> gathered.due;

-- name: promote
-- Let deliveries into their lane whose time has come, at the place that their acceptance gave them. The state is asked for
-- twice: the inner one is that of the statement's begin, and an event may have cancelled the delivery since. The outer one
-- leaves PostgreSQL the index of ids alone, as above: it does not read what waits for a later time.
UPDATE groundwork.delivery
SET state = 'queued'
WHERE id = ANY(ARRAY(
    SELECT id
    FROM groundwork.delivery
    WHERE state = 'scheduled' AND not_before <= now()
    ORDER BY not_before
    LIMIT 10000
)) AND state || '' = 'scheduled';

-- name: skip_singletons
-- Drop events that find another unfinished one of their key, where the job says so: one that has begun, or else the first
-- that waits. One that ran already and waits for its next attempt is not dropped; one that is to start later neither drops
-- nor is dropped until then.
WITH skipping AS (
    SELECT name FROM groundwork.job WHERE flow_control ->> 'singleton' = 'skip'
), unfinished AS (
    SELECT id, job, workspace_id, flow_key, sequence, attempt > 0 AS has_begun
    FROM groundwork.delivery
    WHERE state = 'queued' AND job IN (SELECT name FROM skipping)
    UNION ALL
    SELECT id, job, workspace_id, flow_key, sequence, true
    FROM groundwork.delivery
    WHERE state IN (:in_flight) AND job IN (SELECT name FROM skipping)
    UNION ALL
    SELECT id, job, workspace_id, flow_key, sequence, true
    FROM groundwork.delivery
    WHERE state || '' = 'scheduled' AND flow_key <> '' AND attempt > 0 AND job IN (SELECT name FROM skipping)
), of_key AS (
    SELECT id, has_begun,
           first_value(id) OVER (PARTITION BY job, workspace_id, flow_key ORDER BY has_begun DESC, sequence) AS other
    FROM unfinished
)
UPDATE groundwork.delivery
SET state = 'cancelled',
    superseded_by = of_key.other,
    last_error = 'Skipped: another event with its key was not finished.',
    settled_at = clock_timestamp()
FROM of_key
WHERE delivery.id = of_key.id
  AND NOT of_key.has_begun
  AND of_key.id <> of_key.other
  AND delivery.state || '' = 'queued'
  AND delivery.attempt = 0;
