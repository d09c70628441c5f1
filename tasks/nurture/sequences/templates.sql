-- name: templates_in_use
-- Per category there is one at most that is not discarded.
SELECT * FROM nurture.template
WHERE workspace_id = :workspace_id AND voice_version = :voice_version AND state <> 'discarded';

-- name: asked_in_vain
-- Whether another delivery had a model asked for a template within the hour, and none came of it. What the same delivery
-- asked for before its run was killed is kept by its steps, and is used.
SELECT EXISTS (
    SELECT FROM nurture.writing_budget
    WHERE workspace_id = :workspace_id AND work = :work AND delivery_id IS DISTINCT FROM CAST(:delivery_id AS uuid)
      AND day >= CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date) - 1
      AND created_at > greatest(clock_timestamp() - interval '1 hour', (
          SELECT max(template.created_at) FROM nurture.template
          WHERE template.workspace_id = :workspace_id AND category = :category AND voice_version = :voice_version
      ))
);

-- name: keep_template
INSERT INTO nurture.template (
    id, workspace_id, category, voice_version, tone, prompt_version, mails, model, tokens_in, tokens_out, cost_micros, attempts
)
VALUES (
    :id, :workspace_id, :category, :voice_version, :tone, :prompt_version, CAST(:mails AS jsonb), :model, :tokens_in,
    :tokens_out, :cost_micros, :attempts
)
ON CONFLICT (workspace_id, category, voice_version) WHERE state <> 'discarded' DO NOTHING;

-- name: list_templates
SELECT * FROM nurture.template
WHERE (CAST(:workspace_id AS text) IS NULL OR workspace_id = :workspace_id)
  AND (CAST(:state AS text) IS NULL OR state = :state)
ORDER BY created_at DESC, id
LIMIT 1000;

-- name: find_template
SELECT * FROM nurture.template WHERE id = :id;

-- name: decide
-- What is rejected may be discarded later, so that another is written; everything else is decided once.
UPDATE nurture.template
SET state = :state, decided_at = now(), decided_by = :by
WHERE id = :id AND (state = 'pending' OR (state = 'rejected' AND :state = 'discarded'));
