-- name: wake_relay
-- Tell the relays, once this transaction commits, that something may be admitted.
SELECT pg_notify('groundwork_inbox', '');

-- name: wake_relay_for_interactive
-- Tell the relays, once this transaction commits, that something light and interactive may be admitted.
SELECT pg_notify('groundwork_interactive', '');

-- name: wake_relay_if_interactive
-- Tell the relays that an interactive run has started: bulk runs had given way to its start.
SELECT pg_notify('groundwork_inbox', '')
FROM groundwork.delivery
JOIN groundwork.job ON job.name = delivery.job AND job.interactive
WHERE delivery.id = :delivery_id;
