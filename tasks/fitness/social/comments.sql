-- name: comment
-- Comment on a post once per id, and note it as an activity. Nobody is told of what they write to their own post.
WITH the_post AS (
    SELECT post.member_id AS author_id
    FROM fitness.post
    JOIN fitness.member USING (workspace_id)
    WHERE workspace_id = :workspace_id AND post.id = :post_id AND post.deleted_at IS NULL AND member.id = :member_id
), added AS (
    INSERT INTO fitness.comment (workspace_id, id, post_id, member_id, text)
    SELECT :workspace_id, :id, :post_id, :member_id, :text
    FROM the_post
    ON CONFLICT DO NOTHING
    RETURNING 1
), noted AS (
    INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id, object_id, receiver_id)
    SELECT :workspace_id, :member_id, 'comment', :post_id, :id, nullif(author_id, :member_id)
    FROM added
    CROSS JOIN the_post
    RETURNING at
)
SELECT (SELECT count(*) FROM the_post) AS posts,
       (SELECT at FROM noted) AS at,
       EXISTS (
           SELECT
           FROM fitness.comment
           WHERE workspace_id = :workspace_id AND id = :id AND post_id = :post_id AND member_id = :member_id
       ) AS repeated

-- name: delete_comment
-- Delete a comment, and its activity with it.
WITH gone AS (
    UPDATE fitness.comment
    SET deleted_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND id = :id AND deleted_at IS NULL
    RETURNING member_id, post_id, deleted_at
), undone AS (
    UPDATE fitness.activity AS activity
    SET undone_at = gone.deleted_at
    FROM gone
    WHERE activity.workspace_id = :workspace_id AND activity.actor_id = gone.member_id AND activity.verb = 'comment'
      AND activity.post_id = gone.post_id AND activity.object_id = :id
)
SELECT member_id, post_id, deleted_at FROM gone
