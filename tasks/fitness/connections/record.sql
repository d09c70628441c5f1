-- name: connect
INSERT INTO fitness.connection AS connection (
    workspace_id, member_id, provider, provider_user, access_token, refresh_token, expires_at
)
VALUES (
    :workspace_id, :member_id, :provider, :provider_user, :access_token, :refresh_token,
    now() + CAST(:expires_in AS interval)
)
ON CONFLICT (workspace_id, member_id, provider) DO UPDATE SET
    provider_user = excluded.provider_user, access_token = excluded.access_token,
    refresh_token = excluded.refresh_token, expires_at = excluded.expires_at,
    state = 'active', reason = NULL, connected_at = now(), changed_at = clock_timestamp()

-- name: disconnect
UPDATE fitness.connection
SET state = 'ended', access_token = NULL, refresh_token = NULL, expires_at = NULL, changed_at = clock_timestamp()
WHERE workspace_id = :workspace_id AND member_id = :member_id AND provider = :provider

-- name: of_users
-- Connections of people at a provider: in one workspace, or in all for a webhook, which names none.
SELECT connection.workspace_id, connection.member_id, connection.provider, connection.provider_user, connection.state,
       coalesce(member.time_zone, gym.time_zone, 'UTC') AS zone
FROM fitness.connection AS connection
JOIN fitness.member AS member ON member.workspace_id = connection.workspace_id AND member.id = connection.member_id
LEFT JOIN fitness.gym AS gym ON gym.workspace_id = connection.workspace_id
WHERE connection.provider = :provider AND connection.provider_user = ANY(:provider_users)
  AND (CAST(:workspace_id AS text) IS NULL OR connection.workspace_id = :workspace_id)
  AND connection.state <> 'ended'
ORDER BY connection.workspace_id

-- name: of_member
SELECT connection.workspace_id, connection.member_id, connection.provider, connection.provider_user, connection.state,
       coalesce(member.time_zone, gym.time_zone, 'UTC') AS zone
FROM fitness.connection AS connection
JOIN fitness.member AS member ON member.workspace_id = connection.workspace_id AND member.id = connection.member_id
LEFT JOIN fitness.gym AS gym ON gym.workspace_id = connection.workspace_id
WHERE connection.workspace_id = :workspace_id AND connection.member_id = :member_id AND connection.provider = :provider
  AND connection.state <> 'ended'

-- name: mark_broken
-- Only whoever finds it active marks it: of many runs that are refused at once, one tells the owner.
UPDATE fitness.connection AS connection
SET state = 'broken', reason = :reason, changed_at = clock_timestamp()
WHERE workspace_id = :workspace_id AND member_id = :member_id AND provider = :provider
  AND state = 'active' AND changed_at <= :since
RETURNING coalesce((SELECT owner_id FROM fitness.gym WHERE gym.workspace_id = connection.workspace_id), '')

-- name: name_of_member
SELECT name FROM fitness.member WHERE workspace_id = :workspace_id AND id = :member_id
