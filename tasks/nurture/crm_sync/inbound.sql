-- What was changed in a CRM.

-- name: linked
-- Our contacts that are linked to contacts of the CRM. Locked in one order, so that two batches wait for each other.
SELECT link.external_id, link.contact_id, link.common, link.deleted_at, contact.updated_at,
       contact.email, contact.first_name, contact.last_name, contact.phone
FROM nurture.crm_link AS link
JOIN nurture.contact ON contact.workspace_id = link.workspace_id AND contact.id = link.contact_id
WHERE link.workspace_id = :workspace_id AND link.account = :account AND link.external_id = ANY(:ids)
ORDER BY link.contact_id
FOR UPDATE;

-- name: relink
-- A contact of the CRM is a part of another one now. That it is gone itself was no deletion.
UPDATE nurture.crm_link SET external_id = :merged_into, deleted_at = NULL
WHERE workspace_id = :workspace_id AND account = :account AND external_id = :external_id;
