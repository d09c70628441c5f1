-- name: unsubscribe
-- End the mails to contacts of a workspace, and their sequences; no row of a contact to whom they had ended before.
WITH ended AS (
    UPDATE nurture.contact
    SET unsubscribed_at = now(), updated_at = now()
    WHERE workspace_id = :workspace_id AND id = ANY(CAST(:contact_ids AS text[])) AND unsubscribed_at IS NULL
    RETURNING workspace_id, id
), stopped AS (
    UPDATE nurture.sequence
    SET stopped_at = now(), stop_reason = 'the contact has unsubscribed'
    FROM ended
    WHERE sequence.workspace_id = ended.workspace_id AND sequence.contact_id = ended.id
      AND sequence.stopped_at IS NULL AND sequence.finished_at IS NULL
)
SELECT id FROM ended;

-- name: note_replies
-- Note the latest reply of each contact, and stop the sequences that it answers. A sender's clock that is ahead is not
-- believed: what is sent until then would count as answered.
WITH given AS (
    SELECT workspace_id, contact_id, least(max(replied_at), now()) AS replied_at
    FROM jsonb_to_recordset(CAST(:replies AS jsonb)) AS given (workspace_id text, contact_id text, replied_at timestamptz)
    GROUP BY workspace_id, contact_id
), stopped AS (
    UPDATE nurture.sequence
    SET stopped_at = now(), stop_reason = 'the contact has replied'
    FROM given
    WHERE sequence.workspace_id = given.workspace_id AND sequence.contact_id = given.contact_id
      AND sequence.created_at <= given.replied_at
      AND sequence.stopped_at IS NULL AND sequence.finished_at IS NULL
)
UPDATE nurture.contact
SET replied_at = greatest(contact.replied_at, given.replied_at), updated_at = now()
FROM given
WHERE contact.workspace_id = given.workspace_id AND contact.id = given.contact_id;
