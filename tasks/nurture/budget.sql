-- name: take_turns
-- Reservations of all workspaces, one after another: the calls per minute are counted over all.
SELECT pg_advisory_xact_lock(hashtextextended('nurture.writing_budget', 0));

-- name: wait_for_room
-- Seconds until there is room for another call, of all workspaces' and of this one's; 0 if there is room now.
SELECT greatest(
    0,
    (
        SELECT extract(epoch FROM created_at + interval '1 minute' - clock_timestamp())
        FROM nurture.writing_budget
        WHERE created_at > clock_timestamp() - interval '1 minute'
        ORDER BY created_at DESC
        OFFSET :calls_per_minute - 1 LIMIT 1
    ),
    (
        SELECT extract(epoch FROM created_at + interval '1 minute' - clock_timestamp())
        FROM nurture.writing_budget
        WHERE workspace_id = :workspace_id AND created_at > clock_timestamp() - interval '1 minute'
        ORDER BY created_at DESC
        OFFSET :workspace_calls_per_minute - 1 LIMIT 1
    )
);

-- name: reserve
-- Reserve a call, if the workspace's budget of today has room for it; no row if not.
INSERT INTO nurture.writing_budget (id, workspace_id, day, work, delivery_id, model, reserved_micros, created_at)
SELECT :id, agency.workspace_id, CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date), :work, CAST(:delivery_id AS uuid),
       :model, :most_micros, clock_timestamp()
FROM nurture.agency
WHERE agency.workspace_id = :workspace_id
  AND agency.daily_budget_micros >= :most_micros + (
      SELECT coalesce(sum(coalesce(spent_micros, reserved_micros)), 0)
      FROM nurture.writing_budget
      WHERE workspace_id = :workspace_id AND day = CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date)
  )
RETURNING id;

-- name: settle
UPDATE nurture.writing_budget
SET spent_micros = :spent, tokens_in = :tokens_in, tokens_out = :tokens_out, settled_at = clock_timestamp()
WHERE id = :id;

-- name: spent_today
SELECT coalesce(sum(coalesce(spent_micros, reserved_micros)), 0)
FROM nurture.writing_budget
WHERE workspace_id = :workspace_id AND day = CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date);
