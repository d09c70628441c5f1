-- What is to go to the CRM.

-- name: outgoing
-- Contacts with what other parts noted of them, and what their link to the CRM remembers.
SELECT contact.id, contact.email, contact.first_name, contact.last_name, contact.phone, contact.category,
       contact.categorised_at, contact.updated_at, link.external_id, link.pushed_hash, link.common, link.deleted_at,
       coalesce(fact.facts, '{}'::jsonb) AS facts
FROM nurture.contact
LEFT JOIN nurture.crm_link AS link
  ON link.workspace_id = contact.workspace_id AND link.account = :account AND link.contact_id = contact.id
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(field, jsonb_build_object('value', value, 'at', changed_at)) AS facts
  FROM nurture.crm_fact
  WHERE crm_fact.workspace_id = contact.workspace_id AND crm_fact.contact_id = contact.id
) AS fact ON true
WHERE contact.workspace_id = :workspace_id AND contact.id = ANY(:ids)
ORDER BY contact.id;
