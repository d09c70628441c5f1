-- name: lock
-- Let the checks of a workspace take turns: two that see the same crossing would both tell of it.
SELECT pg_advisory_xact_lock(hashtextextended('fitness.risk ' || :workspace_id, 0));

-- name: create_members
CREATE TEMPORARY TABLE IF NOT EXISTS risk_member (
    place integer PRIMARY KEY,
    workspace_id text NOT NULL,
    member_id text NOT NULL,
    today date NOT NULL,
    sleep_need_hours double precision NOT NULL
) ON COMMIT DROP;

-- name: empty
TRUNCATE risk_member;

-- name: wanted_members
INSERT INTO risk_member
SELECT row_number() OVER (ORDER BY member.id) - 1, member.workspace_id, member.id, today.day, member.sleep_need_hours
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
CROSS JOIN LATERAL (
    SELECT coalesce(min(zone.day), :utc_today) AS day
    FROM unnest(CAST(:zones AS text[]), CAST(:days AS date[])) AS zone (name, day)
    WHERE zone.name = coalesce(member.time_zone, gym.time_zone, 'UTC')
) AS today
WHERE member.workspace_id = :workspace_id AND member.id = ANY(:member_ids)
  AND (member.left_on IS NULL OR member.left_on > today.day);

-- name: members_of_range
INSERT INTO risk_member
SELECT row_number() OVER (ORDER BY member.id) - 1, member.workspace_id, member.id, today.day, member.sleep_need_hours
FROM fitness.member
LEFT JOIN fitness.gym ON gym.workspace_id = member.workspace_id
CROSS JOIN LATERAL (
    SELECT coalesce(min(zone.day), :utc_today) AS day
    FROM unnest(CAST(:zones AS text[]), CAST(:days AS date[])) AS zone (name, day)
    WHERE zone.name = coalesce(member.time_zone, gym.time_zone, 'UTC')
) AS today
WHERE member.workspace_id = :workspace_id AND member.id > :after
  AND (CAST(:until AS text) IS NULL OR member.id <= :until)
  AND (member.left_on IS NULL OR member.left_on > today.day);

-- name: analyse
ANALYZE risk_member;

-- name: members
SELECT place, member_id, today FROM risk_member ORDER BY place;
