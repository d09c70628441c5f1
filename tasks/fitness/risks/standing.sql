-- name: standing
SELECT risk.member_id, member.name, risk.figure, risk.value, risk.crossed_above, risk.day, risk.since, risk.crossing,
       risk.alerted_on, risk.reasons
FROM fitness.risk
JOIN fitness.member ON member.workspace_id = risk.workspace_id AND member.id = risk.member_id
WHERE risk.workspace_id = :workspace_id AND risk.over AND (member.left_on IS NULL OR member.left_on > current_date)
ORDER BY risk.since, risk.member_id, risk.figure;
