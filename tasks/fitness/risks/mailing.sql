-- name: receiver
-- The member's coach, if that is a user of the workspace, else the gym's owner, likewise.
SELECT coalesce(coach.id, owner.id) AS user_id, coalesce(nullif(member.name, ''), member.id) AS member_name
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
LEFT JOIN app.app_user AS coach ON coach.id = member.coach_id AND coach.workspace_id = member.workspace_id
LEFT JOIN app.app_user AS owner ON owner.id = gym.owner_id AND owner.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id AND member.id = :member_id
  AND (member.left_on IS NULL OR member.left_on > :day);

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
-- As the source with the most days has measured it.
SELECT day, value
FROM (
    SELECT day, value, rank() OVER (ORDER BY days DESC, source) AS place
    FROM (
        SELECT day, source, avg(value) AS value, count(*) OVER (PARTITION BY source) AS days
        FROM fitness.reading
        WHERE workspace_id = :workspace_id AND member_id = :member_id AND metric = 'hrv_rmssd' AND NOT deleted
          AND value > 0 AND value < 1000 AND day <= :until AND day > :until - :days
        GROUP BY day, source
    ) AS daily
) AS ranked
WHERE place = 1;

-- name: daily_sleep
-- Minutes, as the source with the most nights has measured them.
SELECT day, seconds / 60 AS value
FROM (
    SELECT day, seconds, rank() OVER (ORDER BY nights DESC, source) AS place
    FROM (
        SELECT day, source, sum(value) AS seconds, count(*) OVER (PARTITION BY source) AS nights
        FROM fitness.reading
        WHERE workspace_id = :workspace_id AND member_id = :member_id AND metric = 'sleep_seconds' AND NOT deleted
          AND value > 0 AND value <= 86400 AND day <= :until AND day > :until - :days
        GROUP BY day, source
    ) AS nightly
) AS ranked
WHERE place = 1;
