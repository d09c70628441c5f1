-- name: store
-- Store what contacts did; what is stored already, and what contacts did that are not known, is left out. Goes on with
-- "add_up". DISTINCT ON: one id may come twice in one batch. The first that came counts, whatever the second says.
WITH given AS (
    SELECT DISTINCT ON (id) id, contact_id, kind, channel, occurred_at
    FROM unnest(
        CAST(:ids AS text[]), CAST(:contact_ids AS text[]), CAST(:kinds AS text[]), CAST(:channels AS text[]),
        CAST(:times AS timestamptz[])
    ) WITH ORDINALITY AS given (id, contact_id, kind, channel, occurred_at, place)
    ORDER BY id, place
),
counted AS (
    INSERT INTO nurture.engagement (workspace_id, id, contact_id, kind, channel, occurred_at)
    SELECT :workspace_id, given.id, given.contact_id, given.kind, given.channel, given.occurred_at
    FROM given
    JOIN nurture.contact ON contact.workspace_id = :workspace_id AND contact.id = given.contact_id
    ON CONFLICT (workspace_id, id) DO NOTHING
    RETURNING id, contact_id, kind, occurred_at
),

-- name: all_again
-- All that contacts of a workspace ever did. Goes on with "add_up".
WITH counted AS (
    SELECT id, contact_id, kind, occurred_at FROM nurture.engagement WHERE workspace_id = :workspace_id
),

-- name: add_up
-- Add what is counted to the totals. An engagement weighs 2^(half-lives from 2020 to when it occurred), as whole periods
-- and a whole number of 2^-32 for the rest: whole numbers have one sum in whatever order they are added, and a period of
-- its own keeps each of them small for ever.
placed AS (
    SELECT
        contact_id, kind, occurred_at,
        (extract(epoch FROM occurred_at)::float8 - 1577836800) / (86400 * CAST(:half_life_days AS float8)) AS half_lives
    FROM counted
),
added AS (
    INSERT INTO nurture.engagement_total AS total (workspace_id, contact_id, kind, period, count, weight, last_at)
    SELECT
        :workspace_id, contact_id, kind, floor(half_lives)::int, count(*),
        sum(floor(power(2::float8, half_lives - floor(half_lives)) * 4294967296)::bigint), max(occurred_at)
    FROM placed
    GROUP BY contact_id, kind, floor(half_lives)::int
    ON CONFLICT (workspace_id, contact_id, kind, period) DO UPDATE SET
        count = total.count + excluded.count,
        weight = total.weight + excluded.weight,
        last_at = greatest(total.last_at, excluded.last_at)
)

-- name: which
SELECT id, contact_id FROM counted;

-- name: how_many
SELECT count(*) FROM counted;

-- name: known_contacts
SELECT id FROM nurture.contact WHERE workspace_id = :workspace_id AND id = ANY(:contact_ids);

-- name: forget_totals
DELETE FROM nurture.engagement_total WHERE workspace_id = :workspace_id;

-- name: begin_scoring
-- The row that all who add up or score in a workspace take turns by.
INSERT INTO nurture.scoring (workspace_id, half_life_days)
SELECT workspace_id, half_life_days FROM nurture.agency WHERE workspace_id = :workspace_id
ON CONFLICT DO NOTHING;

-- name: scoring
-- By what is scored, and by which half-life the totals are counted. FOR UPDATE: one at a time in a workspace. FOR SHARE:
-- whoever changes a threshold waits for the scores under way, which are all decided by the same ones.
SELECT
    scoring.half_life_days AS counted_by, agency.half_life_days, agency.warm_from, agency.hot_from, agency.hot_until
FROM nurture.scoring
JOIN nurture.agency USING (workspace_id)
WHERE workspace_id = :workspace_id
FOR UPDATE OF scoring FOR SHARE OF agency;

-- name: counted_anew
UPDATE nurture.scoring SET half_life_days = :half_life_days, counted_at = now() WHERE workspace_id = :workspace_id;
