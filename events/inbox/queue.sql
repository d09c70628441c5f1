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
    SELECT delivery.id, longest,
           coalesce(delivery.debounced_since, delivery.not_before - quiet) AS since,
           first_value(delivery.id) OVER (
               PARTITION BY delivery.job, delivery.workspace_id, delivery.flow_key
               ORDER BY delivery.debounced_since IS NULL DESC, delivery.not_before DESC, delivery.sequence DESC
           ) AS newest
    FROM touched
    JOIN groundwork.delivery USING (job, workspace_id, flow_key)
    WHERE delivery.state = 'scheduled'
      AND delivery.attempt = 0
      AND delivery.flow_key <> ''
      AND (delivery.debounced_since IS NOT NULL OR delivery.not_before - quiet <= now())
), superseded AS (
    UPDATE groundwork.delivery
    SET state = 'cancelled',
        superseded_by = happened.newest,
        last_error = 'Superseded by a later event (debounce).',
        settled_at = clock_timestamp()
    FROM happened
    WHERE delivery.id = happened.id
      AND delivery.id <> happened.newest
      AND delivery.state = 'scheduled'
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
    SELECT delivery.id, delivery.job, delivery.workspace_id, delivery.flow_key, delivery.not_before, longest,
           coalesce(delivery.debounced_since, delivery.not_before - quiet) AS since
    FROM touched
    JOIN groundwork.delivery USING (job, workspace_id, flow_key)
    WHERE delivery.state = 'scheduled'
      AND delivery.attempt = 0
      AND delivery.flow_key <> ''
      AND (delivery.debounced_since IS NOT NULL OR delivery.not_before - quiet <= now())
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
WHERE delivery.id = gathered.id AND delivery.state = 'scheduled' AND delivery.not_before <> gathered.due;

-- name: promote
-- Let deliveries into their lane whose time has come, at the place that their acceptance gave them. The state is asked for
-- twice: the inner one is that of the statement's begin, and an event may have cancelled the delivery since.
UPDATE groundwork.delivery
SET state = 'queued'
WHERE id IN (
    SELECT id
    FROM groundwork.delivery
    WHERE state = 'scheduled' AND not_before <= now()
    ORDER BY not_before
    LIMIT 10000
) AND state = 'scheduled';

-- name: skip_singletons
-- Drop events that find another unfinished one of their key, where the job says so. One that ran already and waits for
-- its next attempt is not dropped.
UPDATE groundwork.delivery
SET state = 'cancelled',
    superseded_by = other.id,
    last_error = 'Skipped: another event with its key was not finished.',
    settled_at = clock_timestamp()
FROM groundwork.job, groundwork.delivery AS other
WHERE job.flow_control ->> 'singleton' = 'skip'
  AND delivery.job = job.name
  AND delivery.state = 'queued'
  AND delivery.attempt = 0
  AND other.job = delivery.job
  AND other.workspace_id = delivery.workspace_id
  AND other.flow_key = delivery.flow_key
  AND other.id <> delivery.id
  AND (
      other.state IN (:in_flight)
      OR (other.state = 'queued' AND other.sequence < delivery.sequence)
      OR (other.state IN (:waiting) AND other.attempt > 0)
  );
