-- name: renew_host
-- Keep the lease of a host, and those of all that it holds, in one statement. Waits for no lock: what is settled, cancelled
-- or claimed just now is passed over. Renewed: the host is one still. Held is what an attempt's own lease may be besides.
WITH live AS MATERIALIZED (
    SELECT id
    FROM groundwork.delivery
    WHERE flow_run_id = CAST(:flow_run_id AS uuid) AND state = 'running' AND lease_expires_at IS NOT NULL
    FOR NO KEY UPDATE SKIP LOCKED
), renewed AS (
    UPDATE groundwork.delivery
    SET lease_expires_at = clock_timestamp() + make_interval(secs => CAST(:lease_seconds AS double precision))
    FROM live
    WHERE delivery.id = live.id
), host AS (
    UPDATE groundwork.light_host
    SET lease_expires_at = clock_timestamp() + make_interval(secs => CAST(:lease_seconds AS double precision))
    WHERE flow_run_id = CAST(:flow_run_id AS uuid) AND ended_at IS NULL
    RETURNING id
)
SELECT EXISTS (SELECT FROM host) AS renewed, false AS held;
