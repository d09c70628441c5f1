-- name: ends
-- The last member of each range.
SELECT max(id)
FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / :members AS range
    FROM fitness.member
    WHERE workspace_id = :workspace_id
) AS numbered
GROUP BY range
ORDER BY range;
