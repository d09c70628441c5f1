-- name: runs_of_deliveries
-- Which flow runs the inbox knows, and whether each still does something: it holds a lease, or has just settled.
SELECT flow_run_id,
       bool_or(
           (state = 'running' AND lease_expires_at > clock_timestamp())
           OR settled_at > clock_timestamp() - make_interval(secs => :grace_seconds)
       ) AS alive
FROM groundwork.delivery
WHERE flow_run_id = ANY(:run_ids)
GROUP BY flow_run_id;
