-- name: jobs
INSERT INTO groundwork.job (name, event_name, lane_limit)
SELECT 'job-' || number, 'bench/kind-' || number || '.happened', 5 FROM generate_series(0, 19) AS number
ON CONFLICT DO NOTHING;

-- name: events
-- A thousand workspaces, twenty names; one event in a hundred was caused by the one before.
INSERT INTO groundwork.event (
    id, name, workspace_id, user_id, dedupe_id, data, occurred_at, accepted_at, source, correlation_id, causation_id
)
SELECT id, 'bench/kind-' || number % 20 || '.happened', 'ws-' || number % 1000, 'usr-1', id::text,
       jsonb_build_object('workspaceId', 'ws-' || number % 1000, 'orderId', 'order-' || number, 'note', repeat('x', 200)),
       at, at, 'application', id, NULL
FROM (
    SELECT number, now() - make_interval(secs => (:events - number) * 0.1) AS at,
           CAST(lpad(to_hex(1700000000000 + number * 100), 12, '0') || '7' || substr(md5(number::text), 1, 3) || '8'
                || substr(md5(number::text), 4, 15) AS uuid) AS id
    FROM generate_series(1, :events) AS number
) AS made;

-- name: deliveries
-- The last ones are queued, half of them in twenty long lanes and half each in a lane of its own; of the others one in five hundred is dead, and few wait for later.
INSERT INTO groundwork.delivery (
    id, event_id, job, workspace_id, state, attempt, accepted_at, admitted_at, claimed_at, settled_at, not_before,
    last_error
)
SELECT gen_random_uuid(), id, 'job-' || substr(name, 12, strpos(name, '.') - 12),
       CASE WHEN state = 'queued' THEN CASE WHEN number / 20 % 2 = 0 THEN 'ws-0' ELSE 'ws-' || number END ELSE workspace_id END,
       state,
       CASE WHEN state = 'queued' THEN 0 ELSE 1 END, accepted_at,
       CASE WHEN state <> 'queued' THEN accepted_at + interval '0.2 s' END,
       CASE WHEN state <> 'queued' THEN accepted_at + behind + interval '0.5 s' END,
       CASE WHEN state <> 'queued' THEN accepted_at + behind + interval '2 s' END,
       accepted_at,
       CASE WHEN state = 'failed' THEN 'ValueError: no file ' || number || E'\nTraceback' END
FROM (
    SELECT *, make_interval(secs => :queued * 0.1 - 3) AS behind,
           CASE
               WHEN number > :events - :queued THEN 'queued'
               WHEN number % 500 = 0 THEN 'failed'
               ELSE 'done'
           END AS state
    FROM (SELECT *, row_number() OVER (ORDER BY accepted_at) AS number FROM groundwork.event) AS numbered
) AS event;
