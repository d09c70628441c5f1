-- name: feed
-- A page of a feed: what was put into it, and what is merged in of actors with too many followers. Both are read in order
-- of time as far as the page needs. UNION, since an activity may have come both ways.
WITH put_in AS (
    SELECT activity.id, activity.at
    FROM fitness.feed
    JOIN fitness.activity AS activity
      ON activity.id = feed.activity_id AND activity.workspace_id = :workspace_id AND activity.undone_at IS NULL
    JOIN fitness.follow
      ON follow.workspace_id = :workspace_id AND follow.follower_id = :member_id
     AND follow.followed_id = activity.actor_id
    LEFT JOIN fitness.post ON post.workspace_id = :workspace_id AND post.id = activity.post_id
    WHERE feed.workspace_id = :workspace_id AND feed.member_id = :member_id
      AND (feed.at, feed.activity_id) < (CAST(:at AS timestamptz), CAST(:id AS bigint))
      AND post.deleted_at IS NULL
    ORDER BY feed.at DESC, feed.activity_id DESC
    LIMIT :limit
), merged_in AS (
    SELECT newest.id, newest.at
    FROM fitness.follow
    CROSS JOIN LATERAL (
        SELECT activity.id, activity.at
        FROM fitness.activity AS activity
        LEFT JOIN fitness.post ON post.workspace_id = :workspace_id AND post.id = activity.post_id
        WHERE activity.workspace_id = :workspace_id AND activity.actor_id = follow.followed_id AND activity.pulled
          AND activity.undone_at IS NULL AND post.deleted_at IS NULL
          AND (activity.at, activity.id) < (CAST(:at AS timestamptz), CAST(:id AS bigint))
        ORDER BY activity.at DESC, activity.id DESC
        LIMIT :limit
    ) AS newest
    WHERE follow.workspace_id = :workspace_id AND follow.follower_id = :member_id
    ORDER BY newest.at DESC, newest.id DESC
    LIMIT :limit
), page AS (
    SELECT id, at FROM put_in
    UNION
    SELECT id, at FROM merged_in
    ORDER BY at DESC, id DESC
    LIMIT :limit
)
SELECT page.id, page.at, activity.verb, activity.actor_id, activity.post_id, activity.object_id,
       member.name AS actor_name, post.text AS post_text, comment.text AS comment_text
FROM page
JOIN fitness.activity AS activity ON activity.id = page.id AND activity.workspace_id = :workspace_id
JOIN fitness.member ON member.workspace_id = :workspace_id AND member.id = activity.actor_id
LEFT JOIN fitness.post ON post.workspace_id = :workspace_id AND post.id = activity.post_id
LEFT JOIN fitness.comment
  ON activity.verb = 'comment' AND comment.workspace_id = :workspace_id AND comment.id = activity.object_id
ORDER BY page.at DESC, page.id DESC
