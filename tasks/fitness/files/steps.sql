-- name: members
SELECT member.id, coalesce(member.time_zone, gym.time_zone, 'UTC') AS zone
FROM fitness.member AS member
LEFT JOIN fitness.gym AS gym ON gym.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id
ORDER BY member.id
