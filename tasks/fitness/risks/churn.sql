-- name: visits
-- Days with a workout in the last 28 days and in the 56 before, as far as the member was there already.
SELECT risk_member.place,
       count(DISTINCT workout.day) FILTER (WHERE workout.day > today - 28) AS recent,
       count(DISTINCT workout.day) FILTER (WHERE workout.day <= today - 28) AS earlier,
       least(56, (today - 28) - min(first_day) + 1) AS earlier_days,
       today - max(last_day) AS since_last
FROM risk_member
CROSS JOIN LATERAL (
    SELECT min(day) AS first_day, max(day) AS last_day
    FROM fitness.workout
    WHERE workspace_id = risk_member.workspace_id AND member_id = risk_member.member_id AND NOT deleted
      AND day <= today
) AS span
JOIN fitness.workout
  ON workout.workspace_id = risk_member.workspace_id AND workout.member_id = risk_member.member_id
WHERE NOT workout.deleted AND workout.day > today - 84 AND workout.day <= today AND span.first_day <= today - 28
GROUP BY risk_member.place, risk_member.today
ORDER BY risk_member.place;
