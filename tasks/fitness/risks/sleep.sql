-- name: nights
-- Sleep of the last 14 nights by source. Naps count for their day; a day of more than 24 hours is no valid one.
SELECT place, source, count(*) AS nights, avg(seconds) / 3600 AS slept_hours, min(sleep_need_hours) AS need_hours
FROM (
    SELECT risk_member.place, risk_member.sleep_need_hours, reading.source, sum(reading.value) AS seconds
    FROM risk_member
    JOIN fitness.reading
      ON reading.workspace_id = risk_member.workspace_id AND reading.member_id = risk_member.member_id
    WHERE reading.metric = 'sleep_seconds' AND NOT reading.deleted
      AND reading.day > risk_member.today - 14 AND reading.day <= risk_member.today
      AND reading.value > 0 AND reading.value <= 86400
    GROUP BY risk_member.place, risk_member.sleep_need_hours, reading.source, reading.day
) AS daily
WHERE seconds <= 86400
GROUP BY place, source
ORDER BY place, source;
