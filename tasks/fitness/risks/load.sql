-- name: last_scores
SELECT risk_member.place, score.ratio, score.monotony, score.strain, score.week_load, score.usual_week_load,
       score.acute, score.chronic
FROM risk_member
CROSS JOIN LATERAL (
    SELECT *
    FROM fitness.score
    WHERE score.workspace_id = risk_member.workspace_id AND score.member_id = risk_member.member_id
    ORDER BY score.day DESC
    LIMIT 1
) AS score;
