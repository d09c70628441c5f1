-- name: pass_jobs
-- Bulk jobs give way for a time after an interactive one was admitted.
UPDATE groundwork.job SET last_admitted_at = last_admitted_at - make_interval(secs => :seconds);

-- name: pass_events
-- Retention counts from here.
UPDATE groundwork.event SET accepted_at = accepted_at - make_interval(secs => :seconds);

-- name: pass_deliveries
-- Start times, quiet times, expiry, leases, and what is told of the past. The two marks of a death are equal to the time of
-- its settling, and stay so.
UPDATE groundwork.delivery
SET not_before = not_before - step,
    expires_at = expires_at - step,
    debounced_since = debounced_since - step,
    lease_expires_at = lease_expires_at - step,
    accepted_at = accepted_at - step,
    admitted_at = admitted_at - step,
    posted_at = posted_at - step,
    run_created_at = run_created_at - step,
    picked_up_at = picked_up_at - step,
    process_started_at = process_started_at - step,
    claimed_at = claimed_at - step,
    first_step_at = first_step_at - step,
    settled_at = settled_at - step,
    attempt_errors = (
        SELECT jsonb_agg(
            error || jsonb_build_object('at', CAST(error ->> 'at' AS timestamptz) - step) ORDER BY place
        )
        FROM jsonb_array_elements(attempt_errors) WITH ORDINALITY AS each (error, place)
    ),
    death_posted = death_posted - step,
    death_mailed = death_mailed - step
FROM (SELECT make_interval(secs => :seconds) AS step) AS clock;

-- name: pass_throttles
-- Starts that a throttle still counts.
UPDATE groundwork.throttle_start SET started_at = started_at - make_interval(secs => :seconds);

-- name: pass_waits
-- Waits that are not over.
UPDATE groundwork.wait
SET due_at = due_at - step, since = since - step, set_up_at = set_up_at - step, answered_at = answered_at - step
FROM (SELECT make_interval(secs => :seconds) AS step) AS clock;

-- name: pass_rates
-- What a rate limit still counts.
UPDATE groundwork.rate
SET taken = ARRAY(SELECT at - make_interval(secs => :seconds) FROM unnest(taken) AS at),
    idle_at = idle_at - make_interval(secs => :seconds);

-- name: pass_keys
-- Idempotency keys that are still remembered.
UPDATE groundwork.idempotency SET expires_at = expires_at - make_interval(secs => :seconds);

-- name: pass_blockages
-- What keeps deliveries waiting, and counts those of its own time.
UPDATE groundwork.blockage SET began_at = began_at - make_interval(secs => :seconds);
