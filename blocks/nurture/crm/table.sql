-- Statements of the CRM of those who have none.

-- name: find
-- The contact of an id, else that of an e-mail. Locked, so that two pushes do not both take it for unchanged.
SELECT * FROM nurture.crm_contact
WHERE workspace_id = :workspace_id
  AND (id = :id OR lower(email) = CAST(:email AS text))
ORDER BY id <> :id
LIMIT 1
FOR UPDATE;
