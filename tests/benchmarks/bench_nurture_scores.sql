-- name: contacts
INSERT INTO nurture.contact (workspace_id, id) SELECT 'acme', 'c' || number FROM generate_series(1, :contacts) AS number;

-- name: invent
-- What contacts did within half a year, in no order.
CREATE TABLE public.given AS
SELECT
    number, 'e' || number AS id, 'c' || (1 + floor(random() * :contacts))::int AS contact_id,
    (ARRAY['open', 'open', 'open', 'click', 'click', 'site-visit', 'reply', 'valuation-request'])[1 + floor(random() * 8)]
        AS kind,
    'email' AS channel, CAST(:at AS timestamptz) - random() * interval '180 days' AS occurred_at
FROM generate_series(1, :rows) AS number;

-- name: number_them
ALTER TABLE public.given ADD PRIMARY KEY (number);

-- name: batch
SELECT id, contact_id, kind, channel, occurred_at FROM public.given WHERE number > :begin AND number <= :end;

-- name: copies
-- Tables like those that are measured, with their indexes and references.
CREATE TABLE public.engagement (
    LIKE nurture.engagement INCLUDING ALL,
    FOREIGN KEY (workspace_id, contact_id) REFERENCES nurture.contact (workspace_id, id)
);
CREATE TABLE public.lead_score (
    LIKE nurture.lead_score INCLUDING ALL,
    FOREIGN KEY (workspace_id, contact_id) REFERENCES nurture.contact (workspace_id, id)
);

-- name: from_scratch
-- Store all of it and score each contact from what it did, in one statement without totals.
WITH stored AS (
    INSERT INTO public.engagement (workspace_id, id, contact_id, kind, channel, occurred_at)
    SELECT 'acme', id, contact_id, kind, channel, occurred_at FROM public.given
    ON CONFLICT DO NOTHING
    RETURNING contact_id, kind, occurred_at
),
by_kind AS (
    SELECT
        contact_id, kind, count(*) AS count, max(occurred_at) AS last_at,
        sum(points * power(2::float8, extract(epoch FROM occurred_at - CAST(:at AS timestamptz))::float8 / (86400 * 14)))
            AS points
    FROM stored
    JOIN unnest(CAST(:kinds AS text[]), CAST(:points AS float8[])) AS worth (kind, points) USING (kind)
    GROUP BY contact_id, kind
)
INSERT INTO public.lead_score (workspace_id, contact_id, score, band, crossings, reasons, scored_at)
SELECT
    'acme', contact_id, sum(points), CASE WHEN sum(points) >= 60 THEN 'hot' WHEN sum(points) >= 20 THEN 'warm' ELSE 'cold' END,
    0,
    jsonb_agg(
        jsonb_build_object('kind', kind, 'count', count, 'points', round(points::numeric, 2), 'lastAt', last_at)
        ORDER BY points DESC
    ),
    :at
FROM by_kind
GROUP BY contact_id;

-- name: disagreeing
SELECT count(*)
FROM nurture.lead_score AS ours
FULL JOIN public.lead_score AS theirs USING (workspace_id, contact_id)
WHERE ours.score IS NULL OR theirs.score IS NULL OR abs(ours.score - theirs.score) > 0.01;
