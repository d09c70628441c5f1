-- Limits of providers per second, and one at a time.

-- name: take_turn
-- Take the next free moment, and move what is free after it. The clock is the database's, which all share.
INSERT INTO nurture.crm_pace AS pace (name, free_at)
VALUES (:name, clock_timestamp() + make_interval(secs => :gap))
ON CONFLICT (name) DO UPDATE
  SET free_at = greatest(pace.free_at, clock_timestamp()) + make_interval(secs => :gap)
RETURNING extract(epoch FROM free_at - make_interval(secs => :gap) - clock_timestamp())::float;

-- name: be_the_only_one
-- Wait until nobody else has the name. The lock ends with the transaction, and so goes through poolers.
SELECT pg_advisory_xact_lock(hashtextextended(:name, 0));
