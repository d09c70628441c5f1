-- name: zones
-- The zones of a workspace's members. What has none, nor a gym with one, is in UTC.
SELECT DISTINCT coalesce(member.time_zone, gym.time_zone, 'UTC')
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id
ORDER BY 1;

-- name: member_zone
SELECT coalesce(member.time_zone, gym.time_zone, 'UTC')
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id AND member.id = :member_id;
