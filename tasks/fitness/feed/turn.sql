-- name: write_in_feeds
-- Shared by all who add. A statement of its own: the next one sees what was committed before the lock was had.
SELECT pg_advisory_xact_lock_shared(hashtextextended('groundwork fitness.feed ' || :workspace_id, 0))

-- name: tidy_feeds
-- For one alone.
SELECT pg_advisory_xact_lock(hashtextextended('groundwork fitness.feed ' || :workspace_id, 0))
