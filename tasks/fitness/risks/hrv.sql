-- name: rmssd
-- ln rMSSD of the last seven days and of the 60 before, by source. What cannot be (0, NaN, more than a second) is no
-- valid day. Several readings of a day are one: their mean.
SELECT place, source,
       count(*) FILTER (WHERE in_week) AS days,
       avg(ln_rmssd) FILTER (WHERE in_week) AS mean,
       stddev_samp(ln_rmssd) FILTER (WHERE in_week) AS deviation,
       count(*) FILTER (WHERE NOT in_week) AS baseline_days,
       avg(ln_rmssd) FILTER (WHERE NOT in_week) AS baseline,
       stddev_samp(ln_rmssd) FILTER (WHERE NOT in_week) AS baseline_deviation
FROM (
    SELECT risk_member.place, reading.source, reading.day > risk_member.today - 7 AS in_week,
           ln(avg(reading.value)) AS ln_rmssd
    FROM risk_member
    JOIN fitness.reading
      ON reading.workspace_id = risk_member.workspace_id AND reading.member_id = risk_member.member_id
    WHERE reading.metric = 'hrv_rmssd' AND NOT reading.deleted
      AND reading.day > risk_member.today - 67 AND reading.day <= risk_member.today
      AND reading.value > 0 AND reading.value < 1000
    GROUP BY risk_member.place, risk_member.today, reading.source, reading.day
) AS daily
GROUP BY place, source
ORDER BY place, source;
