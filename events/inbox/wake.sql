-- name: wake_relay
-- Tell the relays, once this transaction commits, that something may be admitted.
SELECT pg_notify('groundwork_inbox', '');

-- name: wake_relay_at_once
-- Tell the relays, once this transaction commits, that something came which may have an interactive run: they take no breath.
SELECT pg_notify('groundwork_inbox', 'interactive');

-- name: wake_interactive_host
-- Tell the interactive jobs' host, once this transaction commits, that something came for it.
SELECT pg_notify('groundwork_interactive', '');

-- name: wake_hosts
-- Tell the hosts, once this transaction commits, that deliveries of these jobs were admitted: those of interactive jobs, those
-- of others, or both.
SELECT pg_notify('groundwork_light', CASE WHEN interactive THEN 'interactive' ELSE 'bulk' END)
FROM groundwork.job
WHERE name = ANY(:jobs)
GROUP BY interactive;

-- name: wake_relay_if_interactive
-- Tell the relays that an interactive run has started: bulk runs had given way to its start.
SELECT pg_notify('groundwork_inbox', '')
FROM groundwork.delivery
JOIN groundwork.job ON job.name = delivery.job AND job.interactive
WHERE delivery.id = :delivery_id;
