-- name: note_bounce
-- Mark an address of a workspace's users. Of one address a hard bounce stays, and an older event changes nothing; another
-- address than before begins anew.
INSERT INTO app.mail_bounce AS known (user_id, address, kind, reason, bounced_at)
SELECT id, email, :kind, :reason, CAST(:at AS timestamptz)
FROM app.app_user
WHERE workspace_id = :workspace_id AND lower(email) = ANY(:addresses)
ON CONFLICT (user_id) DO UPDATE
SET address = excluded.address,
    kind = CASE WHEN lower(known.address) = lower(excluded.address) AND known.kind = 'hard' THEN 'hard' ELSE excluded.kind END,
    reason = CASE WHEN lower(known.address) = lower(excluded.address) AND known.kind = 'hard' AND excluded.kind = 'soft'
                  THEN known.reason ELSE excluded.reason END,
    bounced_at = greatest(known.bounced_at, excluded.bounced_at),
    times = CASE WHEN lower(known.address) = lower(excluded.address) THEN known.times + 1 ELSE 1 END;

-- name: bounces
-- Addresses of a workspace's users from which mail came back.
SELECT user_id, address, kind, reason, bounced_at, times
FROM app.mail_bounce
JOIN app.app_user ON app_user.id = mail_bounce.user_id
WHERE workspace_id = :workspace_id AND lower(address) = lower(email)
ORDER BY bounced_at DESC, user_id
LIMIT :most;

-- name: workspaces_of
-- The workspaces whose users have an address.
SELECT DISTINCT lower(email), workspace_id
FROM app.app_user
WHERE lower(email) = ANY(:addresses);

-- name: forget_bounce
DELETE FROM app.mail_bounce
USING app.app_user
WHERE app_user.id = mail_bounce.user_id AND app_user.id = :user_id AND workspace_id = :workspace_id;
