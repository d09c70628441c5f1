-- name: blocked
-- One delivery that waits for another try of a step that something blocks, and the event of it. The one with the latest
-- due time: while the blockage lasts, the first entry of the index answers, however many wait and have waited. One whose time
-- has come counts until its run has ended or waits for something else.
SELECT delivery.id AS delivery_id, delivery.event_id
FROM groundwork.wait
JOIN groundwork.delivery ON delivery.id = wait.delivery_id
WHERE wait.blockage = :subject
  AND wait.due_at > coalesce((SELECT began_at FROM groundwork.blockage WHERE subject = :subject), now())
  AND delivery.not_before = wait.due_at
  AND delivery.state IN (:unfinished)
ORDER BY wait.due_at DESC
LIMIT 1;

-- name: begin
-- Note that a blockage has begun. No row: it had before.
INSERT INTO groundwork.blockage (subject) VALUES (:subject) ON CONFLICT DO NOTHING RETURNING began_at;

-- name: number_blocked
-- How many deliveries wait for its end, counted once as it begins.
SELECT count(*)
FROM groundwork.wait
JOIN groundwork.delivery ON delivery.id = wait.delivery_id
WHERE wait.blockage = :subject
  AND wait.due_at > now()
  AND delivery.not_before = wait.due_at
  AND delivery.state IN (:unfinished);

-- name: end
-- Note that a blockage is over. No row: there was none.
DELETE FROM groundwork.blockage
WHERE subject = :subject
RETURNING extract(epoch FROM clock_timestamp() - began_at)::float8;

-- name: to_post
-- A blockage that Prefect has no event of.
SELECT id, began_at FROM groundwork.blockage WHERE subject = :subject AND NOT posted;

-- name: posted
-- Note that Prefect has an event of a blockage. A later one of the same subject is another one.
UPDATE groundwork.blockage SET posted = true WHERE id = :id;
