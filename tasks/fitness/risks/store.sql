-- name: known
SELECT risk_member.place, risk.figure, risk.over, risk.crossing, risk.alerted, risk.alerted_on, risk.day, risk.since
FROM risk_member
JOIN fitness.risk ON risk.workspace_id = :workspace_id AND risk.member_id = risk_member.member_id;

-- name: store
-- Store what has become of risks. One without a value keeps the last one, and its day.
INSERT INTO fitness.risk (
    workspace_id, member_id, figure, over, value, crossed_above, day, since, crossing, alerted, alerted_on, reasons
)
SELECT :workspace_id, row.member_id, row.figure, row.over, coalesce(row.value, risk.value), row.crossed_above,
       row.valued_on, row.since, row.crossing, row.alerted, row.alerted_on,
       CASE WHEN row.value IS NULL THEN risk.reasons ELSE row.reasons END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (
    member_id text, figure text, over boolean, value double precision, crossed_above double precision, valued_on date,
    since date, crossing integer, alerted integer, alerted_on date, reasons jsonb
)
LEFT JOIN fitness.risk
       ON risk.workspace_id = :workspace_id AND risk.member_id = row.member_id AND risk.figure = row.figure
ON CONFLICT (workspace_id, member_id, figure) DO UPDATE
SET over = excluded.over, value = excluded.value, crossed_above = excluded.crossed_above, day = excluded.day,
    since = excluded.since, crossing = excluded.crossing, alerted = excluded.alerted,
    alerted_on = excluded.alerted_on, reasons = excluded.reasons, updated_at = now();
