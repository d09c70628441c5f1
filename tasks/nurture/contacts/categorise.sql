-- name: categorise
-- Store contacts with a category that is not older than the one they have, and stop the sequences of those to whom it is new.
-- Rows are taken in the order of their ids, so that two requests for the same contacts do not wait for each other crosswise.
WITH given AS (
    SELECT workspace_id, id, email, first_name, last_name, phone, notes, agent_id
    FROM jsonb_to_recordset(CAST(:contacts AS jsonb)) AS given (
        workspace_id text, id text, email text, first_name text, last_name text, phone text, notes text, agent_id text
    )
    ORDER BY workspace_id, id
), stored AS (
    INSERT INTO nurture.contact AS known (
        workspace_id, id, email, first_name, last_name, phone, notes, agent_id, category, categorised_at, category_since
    )
    SELECT workspace_id, id, email, first_name, last_name, phone, notes, agent_id, :category,
           CAST(:categorised_at AS timestamptz), CAST(:categorised_at AS timestamptz)
    FROM given
    ON CONFLICT (workspace_id, id) DO UPDATE SET
        email = coalesce(excluded.email, known.email),
        first_name = coalesce(excluded.first_name, known.first_name),
        last_name = coalesce(excluded.last_name, known.last_name),
        phone = coalesce(excluded.phone, known.phone),
        notes = coalesce(excluded.notes, known.notes),
        agent_id = coalesce(excluded.agent_id, known.agent_id),
        category = excluded.category,
        categorised_at = excluded.categorised_at,
        category_since = CASE
            WHEN known.category = excluded.category THEN coalesce(known.category_since, excluded.categorised_at)
            ELSE excluded.categorised_at
        END,
        updated_at = now()
    WHERE known.categorised_at IS NULL OR known.categorised_at < excluded.categorised_at
    RETURNING workspace_id, id, category_since = categorised_at AS is_new
), stopped AS (
    UPDATE nurture.sequence
    SET stopped_at = now(), stop_reason = 'the contact has another category'
    FROM stored
    WHERE stored.is_new
      AND sequence.workspace_id = stored.workspace_id
      AND sequence.contact_id = stored.id
      AND sequence.stopped_at IS NULL AND sequence.finished_at IS NULL
)
SELECT workspace_id, id FROM stored WHERE is_new;
