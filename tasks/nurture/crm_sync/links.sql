-- Links between our contacts and those of the CRM.

-- name: remember
-- Remember what was pushed. A newer value that the CRM has told of meanwhile stays the last that both had.
INSERT INTO nurture.crm_link AS link
  (workspace_id, account, contact_id, external_id, pushed_hash, pushed_at, common)
SELECT :workspace_id, :account, row.contact_id, row.external_id, row.pushed_hash, now(), row.common
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(contact_id text, external_id text, pushed_hash text, common jsonb)
ORDER BY row.contact_id
ON CONFLICT (workspace_id, account, contact_id) DO UPDATE
  SET external_id = excluded.external_id, pushed_hash = excluded.pushed_hash, pushed_at = excluded.pushed_at,
      deleted_at = NULL,
      common = link.common || (
        SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(excluded.common)
        WHERE link.common -> key IS NULL
           OR (link.common -> key ->> 'at')::timestamptz <= (value ->> 'at')::timestamptz
      );

-- name: deleted
-- Note that contacts are gone there.
UPDATE nurture.crm_link SET deleted_at = coalesce(deleted_at, now())
WHERE workspace_id = :workspace_id AND account = :account AND contact_id = ANY(:ids);
