-- name: renew
-- Keep the leases of live attempts, however many, in one statement. Waits for no lock: a row that somebody settles, cancels
-- or claims just now is passed over, so that this statement and another one of several rows never wait for each other.
-- Renewed: it was. Held: it is the attempt's, though somebody has it locked. Neither: the delivery is a later attempt's, or
-- has ended.
WITH hold AS (
    SELECT *
    FROM unnest(
        CAST(:delivery_ids AS uuid[]), CAST(:attempts AS integer[]), CAST(:lease_seconds AS double precision[])
    ) WITH ORDINALITY AS hold (delivery_id, attempt, lease_seconds, place)
), live AS MATERIALIZED (
    SELECT delivery.id, hold.lease_seconds
    FROM hold
    JOIN groundwork.delivery ON delivery.id = hold.delivery_id
    WHERE delivery.attempt = hold.attempt AND delivery.state = 'running'
    FOR NO KEY UPDATE OF delivery SKIP LOCKED
), renewed AS (
    UPDATE groundwork.delivery
    SET lease_expires_at = clock_timestamp() + make_interval(secs => live.lease_seconds)
    FROM live
    WHERE delivery.id = live.id
    RETURNING delivery.id, delivery.attempt
)
SELECT renewed.id IS NOT NULL AS renewed,
       EXISTS (
           SELECT
           FROM groundwork.delivery
           WHERE delivery.id = hold.delivery_id AND delivery.attempt = hold.attempt AND delivery.state = 'running'
       ) AS held
FROM hold
LEFT JOIN renewed ON renewed.id = hold.delivery_id AND renewed.attempt = hold.attempt
ORDER BY hold.place;
