-- name: addressees
-- Each contact for whom a sequence is wanted, and why none is written: it has changed since, or wants none. A contact that is
-- gone is among them.
SELECT wanted.contact_id, contact.first_name, sequence.id AS sequence_id,
       CASE
           WHEN contact.id IS NULL THEN 'there is no such contact'
           WHEN contact.unsubscribed_at IS NOT NULL THEN 'the contact has unsubscribed'
           WHEN contact.category IS DISTINCT FROM wanted.category OR contact.category_since <> wanted.categorised_at
           THEN 'the contact has another category since'
           WHEN contact.replied_at > wanted.categorised_at THEN 'the contact has replied'
           WHEN contact.email IS NULL THEN 'the contact has no e-mail address'
       END AS skipped
FROM jsonb_to_recordset(CAST(:requests AS jsonb)) AS wanted (
    place int, contact_id text, category text, categorised_at timestamptz
)
LEFT JOIN nurture.contact ON contact.workspace_id = :workspace_id AND contact.id = wanted.contact_id
LEFT JOIN nurture.sequence
       ON sequence.workspace_id = :workspace_id
      AND sequence.contact_id = wanted.contact_id
      AND sequence.categorised_at = wanted.categorised_at
ORDER BY wanted.place;

-- name: names_of_others
-- Names of two words at least, since a single one may be anybody's.
SELECT first_name || ' ' || last_name
FROM nurture.contact
WHERE workspace_id = :workspace_id AND id <> :contact_id
  AND length(first_name) > 1 AND length(last_name) > 1
  AND strpos(lower(:text), lower(first_name || ' ' || last_name)) > 0
LIMIT 1;

-- name: contact_to_write_to
SELECT first_name, notes FROM nurture.contact WHERE workspace_id = :workspace_id AND id = :contact_id;

-- name: store_sequences
-- A repeat finds the sequence that is there, and stores nothing.
INSERT INTO nurture.sequence (
    id, workspace_id, contact_id, category, categorised_at, source, fallback_reason, template_id, voice_version,
    prompt_version, model, tokens_in, tokens_out, cost_micros, attempts
)
SELECT id, :workspace_id, contact_id, category, categorised_at, source, fallback_reason, template_id, voice_version,
       prompt_version, model, tokens_in, tokens_out, cost_micros, attempts
FROM jsonb_to_recordset(CAST(:sequences AS jsonb)) AS new (
    id uuid, contact_id text, category text, categorised_at timestamptz, source text, fallback_reason text,
    template_id uuid, voice_version int, prompt_version text, model text, tokens_in int, tokens_out int,
    cost_micros bigint, attempts int
)
ON CONFLICT (workspace_id, contact_id, categorised_at) DO NOTHING
RETURNING id, contact_id;

-- name: store_mails
INSERT INTO nurture.sequence_mail (sequence_id, number, subject, body, send_after_days)
SELECT new.id, mail.number, mail.value ->> 'subject', mail.value ->> 'body', CAST(mail.value ->> 'send_after_days' AS int)
FROM jsonb_to_recordset(CAST(:sequences AS jsonb)) AS new (id uuid, mails jsonb)
CROSS JOIN jsonb_array_elements(new.mails) WITH ORDINALITY AS mail (value, number)
WHERE new.id = ANY(CAST(:ids AS uuid[]));

-- name: stop_earlier
-- A contact gets one sequence at a time: the one of its latest category.
UPDATE nurture.sequence AS earlier
SET stopped_at = now(), stop_reason = 'another sequence has taken its place'
FROM nurture.sequence AS new
WHERE new.id = ANY(CAST(:ids AS uuid[]))
  AND earlier.workspace_id = new.workspace_id AND earlier.contact_id = new.contact_id
  AND earlier.categorised_at < new.categorised_at
  AND earlier.stopped_at IS NULL AND earlier.finished_at IS NULL;
