-- name: react
-- Have a member react to a post, and note it as an activity; done again, the old activity holds again, so that the author
-- is told once of a person who goes to and fro. Nobody is told of what they do to their own post.
WITH the_post AS (
    SELECT post.member_id AS author_id
    FROM fitness.post
    JOIN fitness.member USING (workspace_id)
    WHERE workspace_id = :workspace_id AND post.id = :post_id AND post.deleted_at IS NULL AND member.id = :member_id
), added AS (
    INSERT INTO fitness.reaction (workspace_id, post_id, member_id, reaction)
    SELECT :workspace_id, :post_id, :member_id, :reaction
    FROM the_post
    ON CONFLICT DO NOTHING
    RETURNING 1
), noted AS (
    INSERT INTO fitness.activity AS activity (workspace_id, actor_id, verb, post_id, object_id, receiver_id)
    SELECT :workspace_id, :member_id, 'reaction', :post_id, :reaction, nullif(author_id, :member_id)
    FROM added
    CROSS JOIN the_post
    ON CONFLICT (workspace_id, actor_id, verb, post_id, object_id) DO UPDATE SET undone_at = NULL
)
SELECT (SELECT count(*) FROM the_post) AS posts, (SELECT clock_timestamp() FROM added) AS at

-- name: unreact
-- Take it back. The activity's row stays, for the next time.
WITH gone AS (
    DELETE FROM fitness.reaction
    WHERE workspace_id = :workspace_id AND post_id = :post_id AND member_id = :member_id AND reaction = :reaction
    RETURNING 1
), undone AS (
    UPDATE fitness.activity
    SET undone_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND actor_id = :member_id AND verb = 'reaction' AND post_id = :post_id
      AND object_id = :reaction AND EXISTS (SELECT FROM gone)
)
SELECT clock_timestamp() FROM gone
