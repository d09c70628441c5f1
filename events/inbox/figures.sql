-- name: job_figures
-- What is counted of each job. Standing figures come from partial indexes, running totals from the tally: settled
-- deliveries are not read.
WITH figure AS (
    SELECT job, what AS name, CAST(sum(amount) AS float) AS value FROM groundwork.tally GROUP BY job, what
    UNION ALL
    SELECT job, 'scheduled', count(*) FROM groundwork.delivery WHERE state = 'scheduled' GROUP BY job
    UNION ALL
    SELECT job, 'queued', count(*) FROM groundwork.delivery WHERE state = 'queued' GROUP BY job
    UNION ALL
    SELECT job, 'oldest_queued',
           extract(epoch FROM clock_timestamp() - min(greatest(accepted_at, not_before)))
    FROM groundwork.delivery
    WHERE state = 'queued' AND not_before <= clock_timestamp()
    GROUP BY job
    UNION ALL
    SELECT job, state || '_now', count(*)
    FROM groundwork.delivery
    WHERE state IN (:in_flight)
    GROUP BY job, state
    UNION ALL
    SELECT job, 'dead', count(*) FROM groundwork.delivery WHERE state = 'failed' GROUP BY job
)
SELECT job.name AS job, figure.name, figure.value
FROM groundwork.job
LEFT JOIN figure ON figure.job = job.name
ORDER BY job.name;

-- name: fold_tally
-- Sum up the tally. Rows that another relay is folding are left to it.
WITH folded AS (
    DELETE FROM groundwork.tally
    WHERE ctid IN (SELECT ctid FROM groundwork.tally FOR UPDATE SKIP LOCKED)
    RETURNING job, what, amount
)
INSERT INTO groundwork.tally (job, what, amount)
SELECT job, what, sum(amount) FROM folded GROUP BY job, what;
