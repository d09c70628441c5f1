-- name: next_members
-- The members behind one, of its workspace or of those behind it.
SELECT workspace_id, id
FROM fitness.member
WHERE (workspace_id, id) > (:workspace_id, :member_id)
ORDER BY workspace_id, id
LIMIT :members

-- name: trim
-- Keep the newest of what is shown, and nothing else.
WITH ranked AS MATERIALIZED (
    SELECT judged.*, count(*) FILTER (WHERE shown) OVER (PARTITION BY member_id ORDER BY at DESC, activity_id DESC) AS place
    FROM (
        SELECT feed.member_id, feed.at, feed.activity_id,
               activity.undone_at IS NULL AND NOT activity.pulled AND follow.follower_id IS NOT NULL
                   AND post.deleted_at IS NULL AS shown
        FROM fitness.feed
        JOIN fitness.activity AS activity ON activity.id = feed.activity_id AND activity.workspace_id = :workspace_id
        LEFT JOIN fitness.follow
          ON follow.workspace_id = :workspace_id AND follow.follower_id = feed.member_id
         AND follow.followed_id = activity.actor_id
        LEFT JOIN fitness.post ON post.workspace_id = :workspace_id AND post.id = activity.post_id
        WHERE feed.workspace_id = :workspace_id AND feed.member_id = ANY(:members)
    ) AS judged
)
DELETE FROM fitness.feed
USING ranked
WHERE feed.workspace_id = :workspace_id AND feed.member_id = ranked.member_id AND feed.at = ranked.at
  AND feed.activity_id = ranked.activity_id AND (NOT ranked.shown OR ranked.place > :length)
