-- name: admit
-- Admit queued deliveries: in each lane the oldest, as far as the lane has room; over all lanes by priority, then age,
-- as far as the workers have room. Walks from lane to lane on delivery_queued_idx, so the cost grows with the number
-- of lanes and not with the backlog.
WITH RECURSIVE lane AS (
    (
        SELECT job, workspace_id
        FROM groundwork.delivery
        WHERE state = 'queued'
        ORDER BY job, workspace_id
        LIMIT 1
    )
    UNION ALL
    SELECT next_lane.job, next_lane.workspace_id
    FROM lane
    CROSS JOIN LATERAL (
        SELECT job, workspace_id
        FROM groundwork.delivery
        WHERE state = 'queued' AND (job, workspace_id) > (lane.job, lane.workspace_id)
        ORDER BY job, workspace_id
        LIMIT 1
    ) AS next_lane
), in_flight AS (
    SELECT job, workspace_id, count(*) AS deliveries
    FROM groundwork.delivery
    WHERE state IN ('admitted', 'running')
    GROUP BY job, workspace_id
), lane_room AS (
    SELECT lane.job, lane.workspace_id,
           coalesce(lane_override.lane_limit, job.lane_limit) - coalesce(in_flight.deliveries, 0) AS room
    FROM lane
    JOIN groundwork.job ON job.name = lane.job
    LEFT JOIN groundwork.lane_override USING (job, workspace_id)
    LEFT JOIN in_flight USING (job, workspace_id)
    WHERE NOT job.paused AND NOT coalesce(lane_override.paused, false)
), candidate AS (
    SELECT oldest.id, oldest.priority, oldest.sequence
    FROM lane_room
    CROSS JOIN LATERAL (
        SELECT id, priority, sequence
        FROM groundwork.delivery
        WHERE state = 'queued'
          AND job = lane_room.job
          AND workspace_id = lane_room.workspace_id
          AND not_before <= clock_timestamp()
        ORDER BY sequence
        LIMIT lane_room.room
    ) AS oldest
    WHERE lane_room.room > 0
), chosen AS (
    SELECT id
    FROM candidate
    ORDER BY priority DESC, sequence
    LIMIT greatest(:capacity - (SELECT coalesce(sum(deliveries), 0) FROM in_flight), 0)
)
UPDATE groundwork.delivery
SET state = 'admitted',
    dispatches = dispatches + 1,
    flow_run_id = NULL,
    admitted_at = clock_timestamp(),
    lease_expires_at = clock_timestamp() + make_interval(secs => :claim_seconds)
FROM chosen, groundwork.event
WHERE delivery.id = chosen.id AND event.id = delivery.event_id
RETURNING delivery.id, delivery.job, delivery.workspace_id, delivery.dispatches, delivery.sequence,
          event.id AS event_id, event.name AS event_name;

-- name: posted
-- Note when Prefect had the events of admitted deliveries, and tell the workers how many runs are about to be made. The
-- time to be claimed begins anew: Prefect may have been away for long since they were admitted.
WITH noted AS (
    UPDATE groundwork.delivery
    SET posted_at = clock_timestamp(),
        lease_expires_at = CASE
            WHEN state = 'admitted' THEN clock_timestamp() + make_interval(secs => :claim_seconds)
            ELSE lease_expires_at
        END
    WHERE id = ANY(:delivery_ids)
    RETURNING id
)
SELECT pg_notify('groundwork_posted', count(*)::text) FROM noted;
