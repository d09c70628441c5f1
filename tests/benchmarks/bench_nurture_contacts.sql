-- name: standing
-- How far the contacts of a workspace have come.
SELECT (SELECT count(*) FROM nurture.sequence WHERE workspace_id = :workspace_id) AS stored,
       (SELECT count(*) FROM nurture.crm_contact WHERE workspace_id = :workspace_id AND sequence IS NOT NULL) AS synced,
       (SELECT count(*)
        FROM nurture.sequence
        JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id AND mail.number = 1
        WHERE sequence.workspace_id = :workspace_id AND mail.sent_at IS NOT NULL) AS mailed;

-- name: runs
-- Runs by job: a batch is one.
SELECT job, count(DISTINCT flow_run_id) AS runs
FROM groundwork.delivery
WHERE workspace_id = :workspace_id AND flow_run_id IS NOT NULL
GROUP BY job;

-- name: alerts
-- Of each hot lead, in the order in which they became hot: from acceptance to the first step of the alert, and since when.
SELECT extract(epoch FROM alert.first_step_at - alert.accepted_at) AS to_first_step,
       extract(epoch FROM alert.settled_at) AS told_at,
       event.data ->> 'contactId' AS contact_id
FROM groundwork.delivery AS alert
JOIN groundwork.event ON event.id = alert.event_id
WHERE alert.job = 'alert-hot-lead' AND alert.workspace_id = :workspace_id AND alert.state = 'done'
ORDER BY alert.sequence;

-- name: failures
SELECT job, last_error FROM groundwork.delivery WHERE state = 'failed' LIMIT 1;
