-- name: benchmarks
-- All benchmarks of the members that are worked on. They are few beside workouts.
SELECT benchmark.id, score_member.place, benchmark.exercise, benchmark.day, benchmark.weight_kg, benchmark.repetitions
FROM score_member
JOIN fitness.benchmark
  ON benchmark.workspace_id = score_member.workspace_id AND benchmark.member_id = score_member.member_id
WHERE benchmark.workspace_id = :workspace_id AND NOT benchmark.deleted
ORDER BY score_member.place, benchmark.exercise, benchmark.day, benchmark.id;

-- name: rate
-- Store the ratings that differ.
UPDATE fitness.benchmark
SET epley_kg = rated.epley_kg, brzycki_kg = rated.brzycki_kg, estimate_kg = rated.estimate_kg,
    baseline_kg = rated.baseline_kg
FROM unnest(
    CAST(:ids AS text[]), CAST(:epley_kg AS double precision[]), CAST(:brzycki_kg AS double precision[]),
    CAST(:estimate_kg AS double precision[]), CAST(:baseline_kg AS double precision[])
) AS rated (id, epley_kg, brzycki_kg, estimate_kg, baseline_kg)
WHERE benchmark.workspace_id = :workspace_id AND benchmark.id = rated.id
  AND (benchmark.epley_kg, benchmark.brzycki_kg, benchmark.estimate_kg, benchmark.baseline_kg)
      IS DISTINCT FROM (rated.epley_kg, rated.brzycki_kg, rated.estimate_kg, rated.baseline_kg);
