-- name: receiver
-- Who is to be told, and when it is quiet there. The row keeps two digests of one member apart, which could otherwise both
-- be the last of a day.
SELECT member.user_id, coalesce(member.time_zone, gym.time_zone, 'UTC') AS time_zone,
       coalesce(gym.quiet_from, TIME '21:00') AS quiet_from, coalesce(gym.quiet_until, TIME '07:00') AS quiet_until
FROM fitness.member
LEFT JOIN fitness.gym USING (workspace_id)
WHERE workspace_id = :workspace_id AND member.id = :member_id AND member.user_id IS NOT NULL
FOR UPDATE OF member

-- name: user_of
-- Whom a member's mail goes to.
SELECT user_id FROM fitness.member WHERE workspace_id = :workspace_id AND id = :member_id

-- name: digests_of_day
-- How many mails a member has had in a day.
SELECT count(*)
FROM fitness.digest
WHERE workspace_id = :workspace_id AND member_id = :member_id AND day = :day

-- name: close_groups
-- Close the open groups of a member, and tell of what is in them: who did what to which post, each member once. What was
-- undone is not among it, nor what was done to a post that is deleted. The names are those of the newest.
WITH closed AS (
    DELETE FROM fitness.digest_group
    WHERE workspace_id = :workspace_id AND member_id = :member_id
), told AS (
    UPDATE fitness.activity
    SET told_at = clock_timestamp()
    WHERE workspace_id = :workspace_id AND receiver_id = :member_id AND told_at IS NULL AND undone_at IS NULL
    RETURNING verb, post_id, actor_id, at
), actors AS (
    SELECT verb, post_id, actor_id, max(at) AS at
    FROM told
    GROUP BY verb, post_id, actor_id
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY verb, post_id ORDER BY at DESC, actor_id) AS place
    FROM actors
)
SELECT placed.verb, post.text AS post_text, count(*) AS actors,
       array_agg(coalesce(member.name, '') ORDER BY placed.place) FILTER (WHERE placed.place <= :names) AS names
FROM placed
LEFT JOIN fitness.member ON member.workspace_id = :workspace_id AND member.id = placed.actor_id
LEFT JOIN fitness.post ON post.workspace_id = :workspace_id AND post.id = placed.post_id
WHERE post.deleted_at IS NULL
GROUP BY placed.verb, placed.post_id, post.text
ORDER BY max(placed.at) DESC, placed.verb, placed.post_id

-- name: note_digest
-- Count a mail for its day, once per delivery, and forget those of last week.
WITH forgotten AS (
    DELETE FROM fitness.digest
    WHERE workspace_id = :workspace_id AND member_id = :member_id AND closed_at < now() - interval '7 days'
)
INSERT INTO fitness.digest (workspace_id, member_id, delivery_id, day)
VALUES (:workspace_id, :member_id, :delivery_id, :day)
ON CONFLICT DO NOTHING
