-- name: score
-- Compute and keep the scores of contacts, and which band they are in by the thresholds given. Hot is who comes to
-- hot_from, and who was hot until below hot_until. What is 64 half-lives old weighs nothing, and power() would underflow.
-- Decayed weights become whole billionths before they are summed: the sum does not depend on the order of the rows.
-- LATERAL: contacts are looked up one by one in the index, whatever the planner knows of a table that grows.
WITH moment AS (
    SELECT (extract(epoch FROM CAST(:at AS timestamptz))::float8 - 1577836800) / (86400 * CAST(:half_life_days AS float8))
        AS half_lives
),
worth AS (
    SELECT kind, points FROM unnest(CAST(:kinds AS text[]), CAST(:points AS float8[])) AS worth (kind, points)
),
wanted AS (
    SELECT contact.id AS contact_id
    FROM nurture.contact
    WHERE workspace_id = :workspace_id AND id = ANY(CAST(:contact_ids AS text[]))
),
by_kind AS (
    SELECT wanted.contact_id, kind, count, last_at, round((worth.points * billionths / 1e9)::numeric, 6) AS points
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT
            total.kind, sum(total.count) AS count, max(total.last_at) AS last_at,
            sum((total.weight / 4294967296::float8 * power(2::float8, total.period - half_lives) * 1e9)::bigint)::float8
                AS billionths
        FROM nurture.engagement_total AS total
        CROSS JOIN moment
        WHERE total.workspace_id = :workspace_id
            AND total.contact_id = wanted.contact_id
            AND total.period >= floor(half_lives) - 64
        GROUP BY total.kind
    ) AS kinds
    JOIN worth USING (kind)
),
scored AS (
    SELECT
        wanted.contact_id,
        coalesce(round(sum(points), 2), 0) AS score,
        coalesce(
            jsonb_agg(
                jsonb_build_object('kind', kind, 'count', count, 'points', round(points, 2), 'lastAt', last_at)
                ORDER BY points DESC, kind
            ) FILTER (WHERE points >= 0.005),
            '[]'
        ) AS reasons
    FROM wanted
    LEFT JOIN by_kind USING (contact_id)
    GROUP BY wanted.contact_id
),
decided AS (
    SELECT
        scored.*,
        coalesce(before.band, 'cold') AS band_before,
        coalesce(before.crossings, 0) AS crossings_before,
        CASE
            WHEN scored.score >= :hot_from OR (before.band = 'hot' AND scored.score >= :hot_until) THEN 'hot'
            WHEN scored.score >= :warm_from THEN 'warm'
            ELSE 'cold'
        END AS band
    FROM scored
    LEFT JOIN nurture.lead_score AS before
        ON before.workspace_id = :workspace_id AND before.contact_id = scored.contact_id
),
numbered AS (
    SELECT *, crossings_before + CASE WHEN band = 'hot' AND band_before <> 'hot' THEN 1 ELSE 0 END AS crossings
    FROM decided
),
kept AS (
    INSERT INTO nurture.lead_score (workspace_id, contact_id, score, band, crossings, reasons, scored_at)
    SELECT :workspace_id, contact_id, score, band, crossings, reasons, CAST(:at AS timestamptz)
    FROM numbered
    ON CONFLICT (workspace_id, contact_id) DO UPDATE SET
        score = excluded.score, band = excluded.band, crossings = excluded.crossings, reasons = excluded.reasons,
        scored_at = excluded.scored_at
),
crossed AS (
    INSERT INTO nurture.hot_lead (workspace_id, contact_id, crossing, detected_at)
    SELECT :workspace_id, contact_id, crossings, CAST(:at AS timestamptz)
    FROM numbered
    WHERE crossings > crossings_before
)
SELECT
    contact_id, score::float8 AS score, band, band_before, crossings, crossings > crossings_before AS crossed, reasons
FROM numbered
ORDER BY contact_id;

-- name: scored_contacts
-- The next contacts of a workspace that have something to score, in order of their ids.
SELECT DISTINCT contact_id
FROM nurture.engagement_total
WHERE workspace_id = :workspace_id AND contact_id > :after
ORDER BY contact_id
LIMIT :most;

-- name: contacts_not_cold
-- Likewise, those that may cool.
SELECT contact_id
FROM nurture.lead_score
WHERE workspace_id = :workspace_id AND band <> 'cold' AND contact_id > :after
ORDER BY contact_id
LIMIT :most;

-- name: workspaces_not_cold
-- Workspaces that have a lead which may cool: all of them for the platform, and its own for another workspace.
SELECT DISTINCT workspace_id
FROM nurture.lead_score
WHERE band <> 'cold' AND (workspace_id = :workspace_id OR :workspace_id = 'platform')
ORDER BY workspace_id;
