-- name: endpoint_of
-- The endpoint of a workspace.
SELECT workspace_id, url, sealed_secret, created_at, failures, failing_since, last_failure, paused_at
FROM fitness.push_endpoint
WHERE workspace_id = :workspace_id

-- name: set_endpoint
-- Give a workspace an endpoint: whatever was counted against the former one is forgotten.
INSERT INTO fitness.push_endpoint (workspace_id, url, sealed_secret)
VALUES (:workspace_id, :url, :secret)
ON CONFLICT (workspace_id) DO UPDATE
SET url = excluded.url, sealed_secret = excluded.sealed_secret, created_at = now(), failures = 0, failing_since = NULL,
    last_failure = NULL, paused_at = NULL, told_by = NULL

-- name: remove_endpoint
-- Forget an endpoint.
DELETE FROM fitness.push_endpoint
WHERE workspace_id = :workspace_id

-- name: resume_endpoint
-- Push again.
UPDATE fitness.push_endpoint
SET failures = 0, failing_since = NULL, last_failure = NULL, paused_at = NULL, told_by = NULL
WHERE workspace_id = :workspace_id

-- name: note_success
-- Forget failures. Nothing is written where there were none, which is nearly always.
UPDATE fitness.push_endpoint
SET failures = 0, failing_since = NULL, last_failure = NULL
WHERE workspace_id = :workspace_id AND sealed_secret = :secret AND failures > 0

-- name: note_failure
-- Count a failed try, and pause an endpoint that has failed often and for long, once. What counts is the first failure of
-- the row, so that a burst of pushes within one short outage pauses nothing.
UPDATE fitness.push_endpoint
SET failures = failures + 1,
    failing_since = coalesce(failing_since, now()),
    last_failure = :reason,
    paused_at = coalesce(
        paused_at,
        CASE
            WHEN :gone OR failures + 1 >= :failures
                AND coalesce(failing_since, now()) <= now() - make_interval(secs => CAST(:hours AS float) * 3600)
            THEN now()
        END
    )
WHERE workspace_id = :workspace_id AND sealed_secret = :secret
RETURNING paused_at IS NOT NULL

-- name: claim_telling
-- Give the mail about a pause to the first delivery that asks, for as long as the pause lasts. A repeat of that delivery has
-- it again; that it is mailed once is the step's business.
UPDATE fitness.push_endpoint
SET told_by = :delivery_id
FROM fitness.gym
WHERE push_endpoint.workspace_id = :workspace_id AND gym.workspace_id = :workspace_id
  AND push_endpoint.paused_at IS NOT NULL
  AND (push_endpoint.told_by IS NULL OR push_endpoint.told_by = :delivery_id)
RETURNING gym.owner_id
