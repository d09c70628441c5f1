-- name: tokens
-- One row in any case, so that whoever asks has the database's time.
SELECT clock_timestamp() AS now, connection.state, connection.access_token, connection.refresh_token, connection.expires_at
FROM (VALUES (1)) AS one (row)
LEFT JOIN fitness.connection AS connection
    ON workspace_id = :workspace_id AND member_id = :member_id AND provider = :provider

-- name: lock_tokens
-- The lock is what makes one run at a time refresh: those that wait for it find the new tokens. The time is read after
-- the lock was got, since the transaction's own is that of its begin.
WITH held AS MATERIALIZED (
    SELECT state, access_token, refresh_token, expires_at FROM fitness.connection
    WHERE workspace_id = :workspace_id AND member_id = :member_id AND provider = :provider
    FOR UPDATE
)
SELECT clock_timestamp() AS now, held.state, held.access_token, held.refresh_token, held.expires_at
FROM (VALUES (1)) AS one (row)
LEFT JOIN held ON true

-- name: store_tokens
-- A refresh token that is kept by the provider is kept here too.
WITH stored AS (
    UPDATE fitness.connection
    SET access_token = :access_token, refresh_token = coalesce(CAST(:refresh_token AS bytea), refresh_token),
        expires_at = clock_timestamp() + CAST(:expires_in AS interval), changed_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND member_id = :member_id AND provider = :provider
      AND state = 'active' AND refresh_token IS NOT DISTINCT FROM :before
    RETURNING changed_at
)
SELECT coalesce((SELECT changed_at FROM stored), clock_timestamp())
