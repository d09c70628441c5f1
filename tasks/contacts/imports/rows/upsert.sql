-- name: create_staging
CREATE TEMPORARY TABLE contact_staging (
    email text NOT NULL, first_name text, last_name text, phone text, company text, job_title text, city text,
    country text, tags text[], custom jsonb
) ON COMMIT DROP

-- name: tell_insert
-- A DO block takes no parameters.
SELECT set_config('groundwork.workspace_id', :workspace_id, true), set_config('groundwork.import_id', :import_id, true)

-- name: insert_new_contacts
-- Add the rows if every one of them is new, and none otherwise. Without ON CONFLICT a row costs a third less: no look
-- beforehand, no speculative insertion. The block, and not a savepoint of ours, takes the error: PostgreSQL does not log
-- what a block has taken, and the line would have somebody's address in it.
-- Rows are read in the order of COPY, which is that of the addresses: a temporary table is read from its beginning. So
-- two imports of one workspace lock their rows in the same order; this holds for the statements below, too.
DO $$
DECLARE
    workspace text := current_setting('groundwork.workspace_id');
    import text := current_setting('groundwork.import_id');
    inserted bigint;
BEGIN
    INSERT INTO app.contact (
        workspace_id, import_id, email, first_name, last_name, phone, company, job_title, city, country, tags, custom
    )
    SELECT workspace, import, email, first_name, last_name, phone, company, job_title, city, country,
           coalesce(tags, '{}'), coalesce(custom, '{}')
    FROM contact_staging;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    PERFORM set_config('groundwork.inserted', inserted::text, true);
EXCEPTION WHEN unique_violation THEN
    PERFORM set_config('groundwork.inserted', '', true);
END $$

-- name: inserted_contacts
-- How many rows the block has added; NULL where one of them was there.
SELECT CAST(nullif(current_setting('groundwork.inserted'), '') AS bigint)

-- name: update_contacts
-- xmax is 0 on a row that this statement inserted, and this transaction's number on one that it locked and updated.
WITH written AS (
    INSERT INTO app.contact AS contact (
        workspace_id, import_id, email, first_name, last_name, phone, company, job_title, city, country, tags, custom
    )
    SELECT :workspace_id, :import_id, email, first_name, last_name, phone, company, job_title, city, country,
           coalesce(tags, '{}'), coalesce(custom, '{}')
    FROM contact_staging
    ON CONFLICT (workspace_id, email) DO UPDATE SET
        first_name = coalesce(excluded.first_name, contact.first_name),
        last_name = coalesce(excluded.last_name, contact.last_name),
        phone = coalesce(excluded.phone, contact.phone),
        company = coalesce(excluded.company, contact.company),
        job_title = coalesce(excluded.job_title, contact.job_title),
        city = coalesce(excluded.city, contact.city),
        country = coalesce(excluded.country, contact.country),
        tags = CASE
            WHEN excluded.tags <@ contact.tags THEN contact.tags
            ELSE contact.tags || ARRAY(
                SELECT tag FROM unnest(excluded.tags) WITH ORDINALITY AS added (tag, place)
                WHERE tag <> ALL (contact.tags) ORDER BY place
            )
        END,
        custom = CASE WHEN excluded.custom = '{}' THEN contact.custom ELSE contact.custom || excluded.custom END,
        import_id = excluded.import_id,
        import_repeats = CASE WHEN contact.import_id = excluded.import_id THEN contact.import_repeats + 1 ELSE 0 END,
        updated_at = now()
    RETURNING xmax = 0 AS is_new, import_repeats
)
SELECT count(*) FILTER (WHERE is_new) AS inserted,
       count(*) FILTER (WHERE NOT is_new AND import_repeats = 0) AS updated,
       0 AS skipped,
       count(*) FILTER (WHERE import_repeats > 0) AS duplicates
FROM written

-- name: insert_contacts
-- Contacts that were there before the import stay as they are; a later row of the same file still adds to its own.
WITH written AS (
    INSERT INTO app.contact AS contact (
        workspace_id, import_id, email, first_name, last_name, phone, company, job_title, city, country, tags, custom
    )
    SELECT :workspace_id, :import_id, email, first_name, last_name, phone, company, job_title, city, country,
           coalesce(tags, '{}'), coalesce(custom, '{}')
    FROM contact_staging
    ON CONFLICT (workspace_id, email) DO UPDATE SET
        first_name = coalesce(excluded.first_name, contact.first_name),
        last_name = coalesce(excluded.last_name, contact.last_name),
        phone = coalesce(excluded.phone, contact.phone),
        company = coalesce(excluded.company, contact.company),
        job_title = coalesce(excluded.job_title, contact.job_title),
        city = coalesce(excluded.city, contact.city),
        country = coalesce(excluded.country, contact.country),
        tags = contact.tags || ARRAY(
            SELECT tag FROM unnest(excluded.tags) WITH ORDINALITY AS added (tag, place)
            WHERE tag <> ALL (contact.tags) ORDER BY place
        ),
        custom = contact.custom || excluded.custom,
        import_repeats = contact.import_repeats + 1,
        updated_at = now()
    WHERE contact.import_id = excluded.import_id
    RETURNING email, xmax = 0 AS is_new
), passed_over AS (
    SELECT email FROM contact_staging EXCEPT SELECT email FROM written
), first_seen AS (
    INSERT INTO app.import_skipped (import_id, email)
    SELECT :import_id, email FROM passed_over ORDER BY email COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING email
), skipped AS (
    SELECT count(*) AS rows FROM first_seen
)
SELECT (SELECT count(*) FROM written WHERE is_new) AS inserted,
       0 AS updated,
       skipped.rows AS skipped,
       (SELECT count(*) FROM written WHERE NOT is_new)
           + (SELECT count(*) FROM passed_over) - skipped.rows AS duplicates
FROM skipped

-- name: forget_skipped
DELETE FROM app.import_skipped WHERE import_id = :import_id
