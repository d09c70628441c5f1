-- name: zones
SELECT DISTINCT time_zone FROM fitness.gym ORDER BY 1;

-- name: gyms_in
SELECT workspace_id, time_zone FROM fitness.gym WHERE time_zone = ANY(:zones) ORDER BY workspace_id;
