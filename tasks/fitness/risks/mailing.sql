-- name: receiver
-- The member's coach, if that is a user of the workspace, else the gym's owner, likewise.
SELECT coalesce(coach.id, owner.id) AS user_id, coalesce(nullif(member.name, ''), member.id) AS member_name
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
LEFT JOIN app.app_user AS coach ON coach.id = member.coach_id AND coach.workspace_id = member.workspace_id
LEFT JOIN app.app_user AS owner ON owner.id = gym.owner_id AND owner.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id AND member.id = :member_id AND member.left_on IS NULL;

-- name: daily_load
SELECT day, load AS value
FROM fitness.score
WHERE workspace_id = :workspace_id AND member_id = :member_id AND day <= :until AND day > :until - :days;

-- name: daily_visits
SELECT day, sum(minutes) AS value
FROM fitness.workout
WHERE workspace_id = :workspace_id AND member_id = :member_id AND NOT deleted
  AND day <= :until AND day > :until - :days
GROUP BY day;

-- name: daily_rmssd
SELECT day, avg(value) AS value
FROM fitness.reading
WHERE workspace_id = :workspace_id AND member_id = :member_id AND metric = 'hrv_rmssd' AND NOT deleted
  AND value > 0 AND value < 1000 AND day <= :until AND day > :until - :days
GROUP BY day;

-- name: daily_sleep
-- Of several sources the longest night is shown.
SELECT day, max(seconds) / 60 AS value
FROM (
    SELECT day, source, sum(value) AS seconds
    FROM fitness.reading
    WHERE workspace_id = :workspace_id AND member_id = :member_id AND metric = 'sleep_seconds' AND NOT deleted
      AND value > 0 AND value <= 86400 AND day <= :until AND day > :until - :days
    GROUP BY day, source
) AS nightly
GROUP BY day;
