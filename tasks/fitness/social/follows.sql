-- name: follow
-- Have one member follow another, and note it as an activity; done again, the old activity holds again, so that a person
-- who goes to and fro is told of once.
WITH pair AS (
    SELECT
    FROM fitness.member AS follower
    JOIN fitness.member AS followed USING (workspace_id)
    WHERE workspace_id = :workspace_id AND follower.id = :follower_id AND followed.id = :followed_id
), added AS (
    INSERT INTO fitness.follow (workspace_id, follower_id, followed_id)
    SELECT :workspace_id, :follower_id, :followed_id
    FROM pair
    ON CONFLICT DO NOTHING
    RETURNING 1
), noted AS (
    INSERT INTO fitness.activity AS activity (workspace_id, actor_id, verb, object_id, receiver_id)
    SELECT :workspace_id, :follower_id, 'follow', :followed_id, :followed_id
    FROM added
    ON CONFLICT (workspace_id, actor_id, verb, post_id, object_id) DO UPDATE SET undone_at = NULL
)
SELECT (SELECT count(*) FROM pair) AS members, (SELECT clock_timestamp() FROM added) AS at

-- name: unfollow
-- End it. The activity's row stays, for the next time.
WITH gone AS (
    DELETE FROM fitness.follow
    WHERE workspace_id = :workspace_id AND follower_id = :follower_id AND followed_id = :followed_id
    RETURNING 1
), undone AS (
    UPDATE fitness.activity
    SET undone_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND actor_id = :follower_id AND verb = 'follow' AND post_id = ''
      AND object_id = :followed_id AND EXISTS (SELECT FROM gone)
)
SELECT clock_timestamp() FROM gone
