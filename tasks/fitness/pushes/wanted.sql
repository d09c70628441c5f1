-- name: latest_scores
-- The newest score of each member, as a dashboard is told it.
SELECT member.id AS member_id,
       jsonb_build_object(
           'day', score.day, 'load', score.load, 'acute', score.acute, 'chronic', score.chronic, 'ratio', score.ratio,
           'weekLoad', score.week_load, 'usualWeekLoad', score.usual_week_load,
           'monotony', score.monotony, 'strain', score.strain
       ) AS score
FROM fitness.member
CROSS JOIN LATERAL (
    SELECT *
    FROM fitness.score
    WHERE score.workspace_id = member.workspace_id AND score.member_id = member.id
    ORDER BY day DESC
    LIMIT 1
) AS score
WHERE member.workspace_id = :workspace_id AND member.id = ANY(:member_ids)
ORDER BY member.id;
