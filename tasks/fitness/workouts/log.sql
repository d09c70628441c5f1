-- name: lock_workout
-- What is there of the id. Locked: of two corrections at once the second sees the day of the first.
SELECT member_id, day, deleted FROM fitness.workout WHERE workspace_id = :workspace_id AND id = :id FOR UPDATE;

-- name: log_workout
-- Store a workout, or what it has been corrected to. A repeat that changes nothing writes nothing.
INSERT INTO fitness.workout (workspace_id, id, member_id, day, minutes, rpe)
VALUES (:workspace_id, :id, :member_id, :day, :minutes, :rpe)
ON CONFLICT (workspace_id, id) DO UPDATE
SET day = excluded.day, minutes = excluded.minutes, rpe = excluded.rpe, deleted = false, updated_at = now()
WHERE workout.member_id = excluded.member_id
  AND (workout.day, workout.minutes, workout.rpe, workout.deleted)
      IS DISTINCT FROM (excluded.day, excluded.minutes, excluded.rpe, false);

-- name: delete_workout
UPDATE fitness.workout SET deleted = true, updated_at = now()
WHERE workspace_id = :workspace_id AND id = :id AND NOT deleted
RETURNING member_id, day;

-- name: lock_benchmark
SELECT member_id, day, deleted FROM fitness.benchmark WHERE workspace_id = :workspace_id AND id = :id FOR UPDATE;

-- name: log_benchmark
-- Store a benchmark, or what it has been corrected to. What it is worth is calculated anew.
INSERT INTO fitness.benchmark (workspace_id, id, member_id, exercise, day, weight_kg, repetitions)
VALUES (:workspace_id, :id, :member_id, :exercise, :day, :weight_kg, :repetitions)
ON CONFLICT (workspace_id, id) DO UPDATE
SET exercise = excluded.exercise, day = excluded.day, weight_kg = excluded.weight_kg,
    repetitions = excluded.repetitions, deleted = false, updated_at = now()
WHERE benchmark.member_id = excluded.member_id
  AND (benchmark.exercise, benchmark.day, benchmark.weight_kg, benchmark.repetitions, benchmark.deleted)
      IS DISTINCT FROM (excluded.exercise, excluded.day, excluded.weight_kg, excluded.repetitions, false);

-- name: delete_benchmark
UPDATE fitness.benchmark SET deleted = true, updated_at = now()
WHERE workspace_id = :workspace_id AND id = :id AND NOT deleted
RETURNING member_id, day;
