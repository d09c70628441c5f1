-- Definitions of the properties that accounts have.

-- name: definitions
-- What is kept of an account, unless it is old.
SELECT document FROM nurture.crm_definition
WHERE account = :account AND read_at > now() - make_interval(secs => :kept_seconds);

-- name: keep
-- Keep what the CRM said.
INSERT INTO nurture.crm_definition (account, document, read_at) VALUES (:account, CAST(:document AS jsonb), now())
ON CONFLICT (account) DO UPDATE SET document = excluded.document, read_at = excluded.read_at;
