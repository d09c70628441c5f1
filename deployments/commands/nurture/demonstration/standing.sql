-- name: standing
-- How far a demo has come.
SELECT (SELECT count(*) FROM nurture.contact WHERE workspace_id = :workspace_id AND category IS NOT NULL) AS categorised,
       (SELECT count(*) FROM nurture.sequence WHERE workspace_id = :workspace_id) AS written,
       (SELECT count(*) FROM nurture.crm_contact WHERE workspace_id = :workspace_id AND sequence IS NOT NULL) AS in_crm,
       (SELECT count(*)
        FROM nurture.sequence
        JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id AND mail.number = 1
        WHERE sequence.workspace_id = :workspace_id AND mail.sent_at IS NOT NULL) AS first_mails,
       (SELECT count(*) FROM nurture.lead_score WHERE workspace_id = :workspace_id) AS scored,
       (SELECT count(*) FROM nurture.lead_score WHERE workspace_id = :workspace_id AND band <> 'cold') AS not_cold,
       (SELECT count(*) FROM nurture.crm_contact WHERE workspace_id = :workspace_id AND intent_band IS NOT NULL) AS bands_in_crm;

-- name: mailed
-- Contacts whom a first mail has reached, those whom it reached first.
SELECT sequence.contact_id
FROM nurture.sequence
JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id AND mail.number = 1
WHERE sequence.workspace_id = :workspace_id AND mail.sent_at IS NOT NULL
ORDER BY mail.sent_at, sequence.contact_id
LIMIT :most;

-- name: by_category
SELECT contact.category, count(*) AS contacts, count(sequence.id) AS sequences, count(crm.sequence) AS in_crm,
       count(mail.sent_at) AS first_mails
FROM nurture.contact
LEFT JOIN nurture.sequence ON sequence.workspace_id = contact.workspace_id AND sequence.contact_id = contact.id
LEFT JOIN nurture.sequence_mail AS mail ON mail.sequence_id = sequence.id AND mail.number = 1
LEFT JOIN nurture.crm_contact AS crm ON crm.workspace_id = contact.workspace_id AND crm.id = contact.id
WHERE contact.workspace_id = :workspace_id
GROUP BY contact.category
ORDER BY contact.category;

-- name: by_source
-- From where the sequences come, and why not from elsewhere.
SELECT source, fallback_reason, count(*) AS sequences
FROM nurture.sequence
WHERE workspace_id = :workspace_id
GROUP BY source, fallback_reason
ORDER BY sequences DESC, source, fallback_reason;

-- name: by_band
SELECT band, count(*) AS leads
FROM nurture.lead_score
WHERE workspace_id = :workspace_id
GROUP BY band
ORDER BY CASE band WHEN 'hot' THEN 1 WHEN 'warm' THEN 2 ELSE 3 END;

-- name: hottest
SELECT contact.id AS contact_id, coalesce(contact.first_name, '') || ' ' || coalesce(contact.last_name, '') AS name,
       contact.category, lead_score.score, sequence.id AS sequence_id
FROM nurture.lead_score
JOIN nurture.contact ON contact.workspace_id = lead_score.workspace_id AND contact.id = lead_score.contact_id
JOIN nurture.sequence ON sequence.workspace_id = contact.workspace_id AND sequence.contact_id = contact.id
WHERE lead_score.workspace_id = :workspace_id
ORDER BY lead_score.score DESC, contact.id, sequence.created_at DESC
LIMIT 1;

-- name: mails
SELECT number, subject, body, sent_at
FROM nurture.sequence_mail
WHERE sequence_id = :sequence_id
ORDER BY number;
