-- name: standing
-- How far a demo has come.
SELECT (SELECT count(*)
        FROM fitness.member
        WHERE member.workspace_id = :workspace_id AND EXISTS (
            SELECT FROM fitness.score WHERE score.workspace_id = :workspace_id AND score.member_id = member.id
        )) AS scored,
       (SELECT count(*)
        FROM fitness.member
        WHERE member.workspace_id = :workspace_id AND EXISTS (
            SELECT FROM fitness.reading WHERE reading.workspace_id = :workspace_id AND reading.member_id = member.id
        )) AS with_nights,
       (SELECT count(*)
        FROM fitness.risk
        WHERE workspace_id = :workspace_id AND over AND member_id <> :spiking) AS risks,
       (SELECT count(*)
        FROM fitness.activity
        JOIN fitness.feed
          ON feed.workspace_id = activity.workspace_id AND feed.at = activity.at AND feed.activity_id = activity.id
        WHERE activity.workspace_id = :workspace_id AND activity.verb = 'post') AS post_rows,
       (SELECT count(*)
        FROM fitness.activity
        JOIN fitness.feed
          ON feed.workspace_id = activity.workspace_id AND feed.at = activity.at AND feed.activity_id = activity.id
        WHERE activity.workspace_id = :workspace_id AND activity.verb = 'reaction') AS reaction_rows;

-- name: totals
-- Rows of each kind.
SELECT (SELECT count(*) FROM fitness.workout WHERE workspace_id = :workspace_id) AS workouts,
       (SELECT count(*) FROM fitness.reading WHERE workspace_id = :workspace_id) AS readings,
       (SELECT count(*) FROM fitness.score WHERE workspace_id = :workspace_id) AS scores,
       (SELECT count(*) FROM fitness.feed WHERE workspace_id = :workspace_id) AS feed_rows;

-- name: top
-- The last score of each member, those first whose load has grown most.
SELECT member.id AS member_id, member.name, newest.week_load, newest.usual_week_load, newest.acute, newest.chronic,
       newest.ratio
FROM fitness.member
CROSS JOIN LATERAL (
    SELECT *
    FROM fitness.score
    WHERE score.workspace_id = member.workspace_id AND score.member_id = member.id
    ORDER BY score.day DESC
    LIMIT 1
) AS newest
WHERE member.workspace_id = :workspace_id
ORDER BY newest.ratio DESC NULLS LAST, member.id
LIMIT :most;

-- name: digests
-- Whom a digest waits for, and how many have done something to each of their posts.
SELECT member.name, activity.verb, count(DISTINCT activity.actor_id) AS actors
FROM fitness.digest_group
JOIN fitness.member ON member.workspace_id = digest_group.workspace_id AND member.id = digest_group.member_id
JOIN fitness.activity
  ON activity.workspace_id = digest_group.workspace_id AND activity.receiver_id = digest_group.member_id
 AND activity.verb = digest_group.verb AND activity.post_id = digest_group.post_id
 AND activity.told_at IS NULL AND activity.undone_at IS NULL
WHERE digest_group.workspace_id = :workspace_id
GROUP BY member.name, activity.verb
ORDER BY actors DESC, activity.verb;
