-- name: take_up
-- The activities that hold, each with its actor's followers, counted no further than the decision needs. What is for too
-- many feeds is noted as pulled, once: those that were written before stay, and readers see it once all the same.
WITH asked AS (
    SELECT DISTINCT actor_id, post_id, object_id
    FROM jsonb_to_recordset(CAST(:named AS jsonb)) AS named (actor_id text, post_id text, object_id text)
), holding AS MATERIALIZED (
    SELECT activity.id, activity.pulled, counted.followers
    FROM asked
    JOIN fitness.activity AS activity
      ON activity.workspace_id = :workspace_id AND activity.actor_id = asked.actor_id AND activity.verb = :verb
     AND activity.post_id = asked.post_id AND activity.object_id = asked.object_id AND activity.undone_at IS NULL
    CROSS JOIN LATERAL (
        SELECT count(*) AS followers
        FROM (
            SELECT
            FROM fitness.follow
            WHERE follow.workspace_id = :workspace_id AND follow.followed_id = asked.actor_id
            LIMIT greatest(:most, :rows) + 1
        ) AS first_ones
    ) AS counted
), too_many AS (
    UPDATE fitness.activity AS activity
    SET pulled = true
    FROM holding
    WHERE activity.id = holding.id AND activity.workspace_id = :workspace_id AND NOT holding.pulled
      AND holding.followers > :most
)
SELECT id, followers, pulled OR followers > :most AS pulled
FROM holding
ORDER BY id

-- name: open_groups
-- Open the group of each receiver, verb and post that there is something to tell of, and say who is to get a digest: those
-- whose group is new, or was last asked for some time ago. Members without a user get no mail, and have no group. In order
-- of the key, so that two statements cannot wait for each other's rows.
INSERT INTO fitness.digest_group AS open (workspace_id, member_id, verb, post_id)
SELECT DISTINCT activity.workspace_id, activity.receiver_id, activity.verb, activity.post_id
FROM fitness.activity AS activity
JOIN fitness.member ON member.workspace_id = activity.workspace_id AND member.id = activity.receiver_id
WHERE activity.workspace_id = :workspace_id AND activity.id = ANY(:ids)
  AND activity.undone_at IS NULL AND activity.told_at IS NULL AND member.user_id IS NOT NULL
ORDER BY 1, 2, 3, 4
ON CONFLICT (workspace_id, member_id, verb, post_id) DO UPDATE
SET asked_at = now()
WHERE open.asked_at < now() - make_interval(secs => :seconds)
RETURNING open.member_id

-- name: push
-- Put activities into the feeds of those who follow their actors now. FOR SHARE lets nobody undo one while this writes: who
-- has undone it before is seen, since the row is looked at again after the wait, and who does so later waits. In order of
-- the key, so that two statements cannot wait for each other's rows.
WITH holding AS MATERIALIZED (
    SELECT activity.id, activity.actor_id, activity.at
    FROM fitness.activity AS activity
    WHERE activity.workspace_id = :workspace_id AND activity.id = ANY(:ids)
      AND activity.undone_at IS NULL AND NOT activity.pulled
      AND NOT EXISTS (
          SELECT
          FROM fitness.post
          WHERE post.workspace_id = :workspace_id AND post.id = activity.post_id AND post.deleted_at IS NOT NULL
      )
    FOR SHARE OF activity
), pushed AS (
    INSERT INTO fitness.feed (workspace_id, member_id, at, activity_id)
    SELECT :workspace_id, follow.follower_id, holding.at, holding.id
    FROM holding
    JOIN fitness.follow ON follow.workspace_id = :workspace_id AND follow.followed_id = holding.actor_id
    ORDER BY 2, 3, 4
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM pushed

-- name: push_range
-- Put one activity into the feeds of a range of its actor's followers; the locks are those of push.
WITH holding AS MATERIALIZED (
    SELECT activity.id, activity.actor_id, activity.at
    FROM fitness.activity AS activity
    WHERE activity.workspace_id = :workspace_id AND activity.id = :id
      AND activity.undone_at IS NULL AND NOT activity.pulled
      AND NOT EXISTS (
          SELECT
          FROM fitness.post
          WHERE post.workspace_id = :workspace_id AND post.id = activity.post_id AND post.deleted_at IS NOT NULL
      )
    FOR SHARE OF activity
), served AS MATERIALIZED (
    SELECT follow.follower_id, holding.at, holding.id
    FROM holding
    JOIN fitness.follow ON follow.workspace_id = :workspace_id AND follow.followed_id = holding.actor_id
    WHERE follow.follower_id > :after
    ORDER BY follow.follower_id
    LIMIT :rows
), pushed AS (
    INSERT INTO fitness.feed (workspace_id, member_id, at, activity_id)
    SELECT :workspace_id, follower_id, at, id
    FROM served
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM pushed) AS rows, count(*) AS served, max(follower_id) AS last
FROM served

-- name: copy_newest
-- Copy the newest activities of the followed into the feeds of those who follow them now: as many as a feed holds.
WITH copied AS (
    INSERT INTO fitness.feed (workspace_id, member_id, at, activity_id)
    SELECT DISTINCT :workspace_id, follow.follower_id, newest.at, newest.id
    FROM jsonb_to_recordset(CAST(:named AS jsonb)) AS named (actor_id text, object_id text)
    JOIN fitness.follow
      ON follow.workspace_id = :workspace_id AND follow.follower_id = named.actor_id
     AND follow.followed_id = named.object_id
    CROSS JOIN LATERAL (
        SELECT activity.id, activity.at
        FROM fitness.activity AS activity
        WHERE activity.workspace_id = :workspace_id AND activity.actor_id = named.object_id
          AND activity.undone_at IS NULL AND NOT activity.pulled
          AND NOT EXISTS (
              SELECT
              FROM fitness.post
              WHERE post.workspace_id = :workspace_id AND post.id = activity.post_id AND post.deleted_at IS NOT NULL
          )
        ORDER BY activity.at DESC, activity.id DESC
        LIMIT :length
    ) AS newest
    ORDER BY 2, 3, 4
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM copied
