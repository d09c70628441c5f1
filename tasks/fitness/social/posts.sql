-- name: create_post
-- Publish a post once per id, and note it as an activity. author_id is that of a post that had the id before.
WITH author AS (
    SELECT FROM fitness.member WHERE workspace_id = :workspace_id AND id = :member_id
), added AS (
    INSERT INTO fitness.post (workspace_id, id, member_id, text)
    SELECT :workspace_id, :id, :member_id, :text
    FROM author
    ON CONFLICT DO NOTHING
    RETURNING 1
), noted AS (
    INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id)
    SELECT :workspace_id, :member_id, 'post', :id
    FROM added
    RETURNING at
)
SELECT (SELECT count(*) FROM author) AS members,
       (SELECT at FROM noted) AS at,
       (SELECT member_id FROM fitness.post WHERE workspace_id = :workspace_id AND id = :id) AS author_id

-- name: delete_post
-- Delete a post. Its own activity is undone with it: that is the row which a fan-out locks while it writes.
WITH gone AS (
    UPDATE fitness.post
    SET deleted_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND id = :id AND deleted_at IS NULL
    RETURNING member_id, deleted_at
), undone AS (
    UPDATE fitness.activity AS activity
    SET undone_at = gone.deleted_at
    FROM gone
    WHERE activity.workspace_id = :workspace_id AND activity.actor_id = gone.member_id AND activity.verb = 'post'
      AND activity.post_id = :id AND activity.object_id = ''
)
SELECT member_id, deleted_at FROM gone
