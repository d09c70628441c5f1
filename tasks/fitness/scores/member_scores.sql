-- name: load
SELECT day, number, load, acute, chronic, ratio, week_load, usual_week_load, monotony, strain,
       week_load / nullif(usual_week_load, 0) - 1 AS week_change
FROM fitness.score
WHERE workspace_id = :workspace_id AND member_id = :member_id
ORDER BY day DESC
LIMIT :days;

-- name: strength
SELECT id, day, exercise, weight_kg, repetitions, epley_kg, brzycki_kg, estimate_kg, baseline_kg,
       estimate_kg / baseline_kg - 1 AS progress, repetitions > 12 AS flagged
FROM fitness.benchmark
WHERE workspace_id = :workspace_id AND member_id = :member_id AND NOT deleted
ORDER BY day DESC, id
LIMIT 200;
