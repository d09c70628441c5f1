-- What the CRM is to have of contacts beside their own rows.

-- name: note
-- Note facts. In one order, so that two transactions of some contacts wait for each other; the same again is as old as
-- it was.
INSERT INTO nurture.crm_fact AS fact (workspace_id, contact_id, field, value)
SELECT :workspace_id, row.contact_id, row.field, row.value
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(contact_id text, field text, value text)
ORDER BY row.contact_id, row.field
ON CONFLICT (workspace_id, contact_id, field) DO UPDATE SET value = excluded.value, changed_at = now()
  WHERE fact.value IS DISTINCT FROM excluded.value;
