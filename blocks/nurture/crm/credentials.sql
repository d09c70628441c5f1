-- Credentials of agencies' accounts at their CRMs, encrypted.

-- name: credential
-- What is kept of an account.
SELECT sealed FROM nurture.crm_credential WHERE account = :account;

-- name: wait_no_longer
-- How long this transaction waits for the row.
SELECT set_config('lock_timeout', :milliseconds, true);

-- name: make_sure
-- A row to lock, for an account whose first token is asked for.
INSERT INTO nurture.crm_credential (account, sealed) VALUES (:account, '') ON CONFLICT DO NOTHING;

-- name: credential_locked
-- What is kept of an account, for the one process that renews its token. The others wait here.
SELECT sealed FROM nurture.crm_credential WHERE account = :account FOR UPDATE;

-- name: keep
-- Keep a credential in place of an older one.
INSERT INTO nurture.crm_credential (account, sealed) VALUES (:account, :sealed)
ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, updated_at = now();
