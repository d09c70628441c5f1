-- name: zones
-- The zones of members who are in the workspace, by id.
SELECT member.id, coalesce(member.time_zone, gym.time_zone, 'UTC') AS zone
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
WHERE member.workspace_id = :workspace_id AND member.id = ANY(:members);

-- name: lock
-- What is there of the ids. Locked, so that of two corrections at once the second sees the days of the first; in order of
-- the key, so that two calls cannot wait for each other's rows.
SELECT id, member_id, day, deleted
FROM fitness.workout
WHERE workspace_id = :workspace_id AND id = ANY(:ids)
ORDER BY id
FOR UPDATE;

-- name: log
-- Store workouts, or what they have been corrected to. Repeats that change nothing write nothing. In order of the key, as
-- lock.
INSERT INTO fitness.workout (workspace_id, id, member_id, day, minutes, rpe)
SELECT :workspace_id, row.*
FROM unnest(
    CAST(:id AS text[]), CAST(:member_id AS text[]), CAST(:day AS date[]), CAST(:minutes AS double precision[]),
    CAST(:rpe AS double precision[])
) AS row (id, member_id, day, minutes, rpe)
ORDER BY row.id
ON CONFLICT (workspace_id, id) DO UPDATE
SET day = excluded.day, minutes = excluded.minutes, rpe = excluded.rpe, deleted = false, updated_at = now()
WHERE workout.member_id = excluded.member_id
  AND (workout.day, workout.minutes, workout.rpe, workout.deleted)
      IS DISTINCT FROM (excluded.day, excluded.minutes, excluded.rpe, false)
RETURNING id;
