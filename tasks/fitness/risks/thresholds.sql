-- name: own_thresholds
SELECT figure, crossed_above, over_below, cool_down_days FROM fitness.threshold WHERE workspace_id = :workspace_id;

-- name: set_threshold
INSERT INTO fitness.threshold (workspace_id, figure, crossed_above, over_below, cool_down_days)
VALUES (:workspace_id, :figure, :above, :below, :cool_down_days)
ON CONFLICT (workspace_id, figure) DO UPDATE
SET crossed_above = excluded.crossed_above, over_below = excluded.over_below,
    cool_down_days = excluded.cool_down_days, updated_at = now();

-- name: unset_threshold
DELETE FROM fitness.threshold WHERE workspace_id = :workspace_id AND figure = :figure;
