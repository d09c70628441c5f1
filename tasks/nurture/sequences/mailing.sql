-- name: mails
SELECT mail.number, mail.send_after_days, sequence.created_at
FROM nurture.sequence
JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id
WHERE sequence.workspace_id = :workspace_id AND sequence.id = :sequence_id
ORDER BY mail.number;

-- name: mail_to_send
-- A mail with whom it goes to, and why it may not go any more.
SELECT mail.subject, mail.body, mail.send_after_days, mail.message_id, sequence.contact_id, contact.email,
       CASE
           WHEN contact.id IS NULL THEN 'there is no such contact any more'
           WHEN contact.unsubscribed_at IS NOT NULL THEN 'the contact has unsubscribed'
           WHEN contact.replied_at >= sequence.created_at THEN 'the contact has replied'
           WHEN contact.category_since IS DISTINCT FROM sequence.categorised_at THEN 'the contact has another category'
           WHEN contact.email IS NULL THEN 'the contact has no e-mail address any more'
           WHEN sequence.stopped_at IS NOT NULL THEN coalesce(sequence.stop_reason, 'the sequence was stopped')
       END AS stopped
FROM nurture.sequence
JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id AND mail.number = :number
LEFT JOIN nurture.contact ON contact.workspace_id = sequence.workspace_id AND contact.id = sequence.contact_id
WHERE sequence.workspace_id = :workspace_id AND sequence.id = :sequence_id;

-- name: stop
UPDATE nurture.sequence
SET stopped_at = now(), stop_reason = :reason
WHERE workspace_id = :workspace_id AND id = :sequence_id AND stopped_at IS NULL AND finished_at IS NULL;

-- name: note_sent
UPDATE nurture.sequence_mail AS mail
SET sent_at = now(), message_id = :message_id
FROM nurture.sequence
WHERE sequence.workspace_id = :workspace_id AND sequence.id = :sequence_id
  AND mail.sequence_id = sequence.id AND mail.number = :number AND mail.sent_at IS NULL;

-- name: finish
UPDATE nurture.sequence
SET finished_at = now()
WHERE workspace_id = :workspace_id AND id = :sequence_id AND finished_at IS NULL AND stopped_at IS NULL;
