-- name: lock
-- Let recomputations of a workspace take turns: one that has read before another wrote would write what is old.
SELECT pg_advisory_xact_lock(hashtextextended('fitness.score ' || :workspace_id, 0));

-- name: create_members
-- The members of this recomputation, with a number each, so that matrices need no text.
CREATE TEMPORARY TABLE IF NOT EXISTS score_member (
    place integer PRIMARY KEY,
    workspace_id text NOT NULL,
    member_id text NOT NULL,
    wanted_day date NOT NULL,
    first_day date,
    last_day date,
    begin_day date,
    acute double precision,
    chronic double precision
) ON COMMIT DROP;

-- name: create_scores
-- What has been calculated. NaN is a figure that there is not: rows of one length are an array.
CREATE TEMPORARY TABLE IF NOT EXISTS score_made (
    place integer NOT NULL,
    day date NOT NULL,
    number integer NOT NULL,
    load double precision NOT NULL,
    acute double precision NOT NULL,
    chronic double precision NOT NULL,
    ratio double precision NOT NULL,
    week_load double precision NOT NULL,
    usual_week_load double precision NOT NULL,
    monotony double precision NOT NULL,
    strain double precision NOT NULL
) ON COMMIT DROP;

-- name: empty
-- A second recomputation of one transaction begins with nothing of the first.
TRUNCATE score_member, score_made;

-- name: wanted_members
INSERT INTO score_member (place, workspace_id, member_id, wanted_day)
SELECT row_number() OVER (ORDER BY member.id) - 1, member.workspace_id, member.id, wanted.from_day
FROM unnest(CAST(:member_ids AS text[]), CAST(:from_days AS date[])) AS wanted (member_id, from_day)
JOIN fitness.member ON member.workspace_id = :workspace_id AND member.id = wanted.member_id;

-- name: members_of_range
INSERT INTO score_member (place, workspace_id, member_id, wanted_day)
SELECT row_number() OVER (ORDER BY member.id) - 1, member.workspace_id, member.id, :from_day
FROM fitness.member
WHERE member.workspace_id = :workspace_id AND member.id > :after
  AND (CAST(:until AS text) IS NULL OR member.id <= :until);

-- name: find_spans
-- From which day to which a member has scores: a day counts when it is over, or when something is logged on it. Who has
-- moved west may have logged on what is tomorrow now; nobody has later than that.
UPDATE score_member
SET first_day = span.first_day, last_day = span.last_day
FROM (
    SELECT counted.place, logged.first_day,
           greatest(least(logged.newest, today.day + 1), least(today.day - 1, member.left_on)) AS last_day
    FROM score_member AS counted
    JOIN fitness.member ON member.workspace_id = counted.workspace_id AND member.id = counted.member_id
    LEFT JOIN fitness.gym ON gym.workspace_id = counted.workspace_id
    CROSS JOIN LATERAL (
        SELECT min(workout.day) AS first_day, max(workout.day) AS newest
        FROM fitness.workout
        WHERE workout.workspace_id = counted.workspace_id AND workout.member_id = counted.member_id
          AND NOT workout.deleted
    ) AS logged
    CROSS JOIN LATERAL (
        SELECT coalesce(min(zone.day), :today) AS day
        FROM unnest(CAST(:zones AS text[]), CAST(:days AS date[])) AS zone (name, day)
        WHERE zone.name = coalesce(member.time_zone, gym.time_zone, 'UTC')
    ) AS today
    WHERE counted.workspace_id = :workspace_id AND logged.first_day IS NOT NULL
) AS span
WHERE span.place = score_member.place;

-- name: find_seeds
-- Where the averages go on from: what is stored of the day before. A member of whom nothing is begins at the first day.
UPDATE score_member
SET begin_day = CASE WHEN score.day IS NULL THEN counted.first_day ELSE counted.wanted_day END,
    acute = score.acute,
    chronic = score.chronic
FROM score_member AS counted
LEFT JOIN fitness.score
       ON score.workspace_id = :workspace_id AND score.member_id = counted.member_id
      AND score.day = counted.wanted_day - 1 AND counted.first_day < counted.wanted_day
WHERE counted.place = score_member.place AND counted.first_day IS NOT NULL;

-- name: spans
-- place, first, begin, last, acute, chronic
SELECT place, first_day, begin_day, last_day, acute, chronic
FROM score_member
WHERE begin_day <= last_day
ORDER BY place;

-- name: loads
-- Load of each workout, from so early on as counts in the first wanted day.
SELECT score_member.place, workout.day, workout.minutes * workout.rpe
FROM score_member
JOIN fitness.workout
  ON workout.workspace_id = score_member.workspace_id AND workout.member_id = score_member.member_id
WHERE NOT workout.deleted AND workout.day >= score_member.begin_day - 34;

-- name: analyse
-- Without figures the planner takes a new table for a long one.
ANALYZE score_member;

-- name: store
-- Store what is new or different. What is the same is not touched: a night's scores are nearly all of them.
INSERT INTO fitness.score (
    workspace_id, member_id, day, number, load, acute, chronic, ratio, week_load, usual_week_load, monotony, strain
)
SELECT made.*
FROM (
    SELECT score_member.workspace_id, score_member.member_id, made.day, made.number, made.load, made.acute,
           made.chronic, nullif(made.ratio, 'NaN') AS ratio, made.week_load,
           nullif(made.usual_week_load, 'NaN') AS usual_week_load, nullif(made.monotony, 'NaN') AS monotony,
           nullif(made.strain, 'NaN') AS strain
    FROM score_made AS made
    JOIN score_member USING (place)
) AS made
LEFT JOIN fitness.score AS old
       ON old.workspace_id = :workspace_id AND old.member_id = made.member_id AND old.day = made.day
WHERE (old.number, old.load, old.acute, old.chronic, old.ratio, old.week_load, old.usual_week_load, old.monotony,
       old.strain)
      IS DISTINCT FROM
      (made.number, made.load, made.acute, made.chronic, made.ratio, made.week_load, made.usual_week_load,
       made.monotony, made.strain)
ON CONFLICT (workspace_id, member_id, day) DO UPDATE
SET number = excluded.number, load = excluded.load, acute = excluded.acute, chronic = excluded.chronic,
    ratio = excluded.ratio, week_load = excluded.week_load, usual_week_load = excluded.usual_week_load,
    monotony = excluded.monotony, strain = excluded.strain;

-- name: drop
-- Forget days that have no score any more, as after the first workout was deleted.
DELETE FROM fitness.score
USING score_member
WHERE score.workspace_id = :workspace_id AND score.member_id = score_member.member_id
  AND (score_member.first_day IS NULL OR score.day < score_member.first_day OR score.day > score_member.last_day);
