-- name: fault_of_characters
-- The place, from 1, of the first character that is not among the given code points; null for none.
CREATE OR REPLACE FUNCTION groundwork.fault_of_characters(said text, allowed int4multirange) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT min(place)
    FROM string_to_table(said, NULL) WITH ORDINALITY AS each (letter, place)
    WHERE NOT ascii(letter) <@ allowed
)

-- name: fault_of_id
-- What is wrong with an id (events/identifiers.py has the rule); null for one that keeps it.
CREATE OR REPLACE FUNCTION groundwork.fault_of_id(said text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    place int;
BEGIN
    IF said ~ '^[-A-Za-z0-9_.:@|+=~,'']{1,{longest_id}}$' AND said !~ '^\.|\.$|\.\.' THEN
        RETURN NULL;
    END IF;
    IF said = '' THEN
        RETURN 'it is empty';
    END IF;
    IF length(said) > {longest_id} THEN
        RETURN format('it has %s characters', length(said));
    END IF;
    place := groundwork.fault_of_characters(said, '{id_characters}');
    RETURN CASE
        WHEN place IS NOT NULL THEN format('character %s is %s', place, to_jsonb(substr(said, place, 1)))
        WHEN said ~ '^ | $|  ' THEN 'a space is at its ends, or beside another'
        WHEN said ~ '^\.|\.$|\.\.' THEN 'a dot is at its ends, or beside another'
        WHEN said IS NOT NFC NORMALIZED THEN
            'its accents are written apart from their letters: send it in Unicode''s normal form C'
    END;
END
$$

-- name: as_double
-- A number as Python writes it once it is a double: keys are made of its text. Null beyond doubles, and for what is too
-- small to be told from zero.
CREATE OR REPLACE FUNCTION groundwork.as_double(number numeric) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    shortest numeric;
BEGIN
    IF abs(number) > 1.797693134862315e308 OR (number <> 0 AND abs(number) < 2.3e-308) THEN
        RETURN NULL;
    END IF;
    shortest := CAST(CAST(CAST(number AS float8) AS text) AS numeric);
    IF shortest = trunc(shortest) AND abs(shortest) < 1e16 THEN
        RETURN CAST(trunc(shortest) || '.0' AS jsonb);
    END IF;
    RETURN to_jsonb(shortest);
END
$$

-- name: place_in
-- The place of a field within a value, as people write it.
CREATE OR REPLACE FUNCTION groundwork.place_in(place text, field text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN field !~ '^[A-Za-z_][-A-Za-z0-9_]{0,99}$' THEN
        place || '[' || CAST(to_jsonb(left(field, 100)) AS text) || CASE WHEN length(field) > 100 THEN '…' ELSE '' END || ']'
    WHEN place = '' THEN field
    ELSE place || '.' || field
END

-- name: read_anything
-- A value of any type as Python would store it: numbers with a fraction become doubles.
CREATE OR REPLACE FUNCTION groundwork.read_anything(given jsonb, place text, level int, OUT wire jsonb, OUT faults jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    figure numeric;
    part record;
    inner_read record;
    items jsonb[] := '{}';
BEGIN
    CASE jsonb_typeof(given)
    WHEN 'number' THEN
        figure := CAST(given AS numeric);
        wire := CASE
            WHEN scale(figure) > 0 THEN groundwork.as_double(figure)
            WHEN abs(figure) <= 1.797693134862315e308 THEN given
        END;
        IF wire IS NULL THEN
            faults := groundwork.fault(place, 'the number is too large or too small for a double; send it as a string');
        END IF;
    WHEN 'array' THEN
        IF level > {most_levels} THEN
            faults := groundwork.fault(place, 'lists and objects within each other on more than {most_levels} levels');
            RETURN;
        END IF;
        FOR part IN SELECT item, number FROM jsonb_array_elements(given) WITH ORDINALITY AS each (item, number) LOOP
            inner_read := groundwork.read_anything(part.item, place || '[' || part.number - 1 || ']', level + 1);
            items := items || inner_read.wire;
            faults := groundwork.more_faults(faults, inner_read.faults);
        END LOOP;
        wire := to_jsonb(items);
    WHEN 'object' THEN
        IF level > {most_levels} THEN
            faults := groundwork.fault(place, 'lists and objects within each other on more than {most_levels} levels');
            RETURN;
        END IF;
        wire := given;
        FOR part IN SELECT key, value FROM jsonb_each(given) WHERE jsonb_typeof(value) IN ('number', 'array', 'object') LOOP
            inner_read := groundwork.read_anything(part.value, groundwork.place_in(place, part.key), level + 1);
            IF inner_read.wire IS DISTINCT FROM part.value OR CAST(inner_read.wire AS text) <> CAST(part.value AS text) THEN
                wire := jsonb_set(wire, ARRAY[part.key], coalesce(inner_read.wire, 'null'));
            END IF;
            faults := groundwork.more_faults(faults, inner_read.faults);
        END LOOP;
    ELSE
        wire := given;
    END CASE;
END
$$

-- name: fault
-- What is wrong with one field, as a list of faults.
CREATE OR REPLACE FUNCTION groundwork.fault(place text, reason text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_array(jsonb_build_object('field', place, 'reason', reason))

-- name: more_faults
-- Two lists of faults as one, of which the first {most_faults} are kept; either may be null.
CREATE OR REPLACE FUNCTION groundwork.more_faults(faults jsonb, more jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN more IS NULL OR jsonb_array_length(faults) >= {most_faults} THEN faults
    WHEN faults IS NULL THEN more
    ELSE faults || more
END

-- name: fault_of_text
-- What is wrong with a text, of the kinds that are one; null for nothing.
CREATE OR REPLACE FUNCTION groundwork.fault_of_text(shape jsonb, said text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    pattern text;
    reason text;
BEGIN
    IF length(said) < CAST(shape ->> 'min' AS int) THEN
        RETURN format('String should have at least %s character(s)', shape ->> 'min');
    END IF;
    IF length(said) > CAST(shape ->> 'max' AS int) THEN
        RETURN format('String should have at most %s character(s)', shape ->> 'max');
    END IF;
    IF shape ? 'patterns' THEN
        FOR pattern IN SELECT each FROM jsonb_array_elements_text(shape -> 'patterns') AS each LOOP
            IF said !~ pattern THEN
                RETURN format('String should match pattern ''%s''', left(shape ->> 'pattern', 300));
            END IF;
        END LOOP;
    END IF;
    IF shape ->> 't' = 'id' THEN
        reason := groundwork.fault_of_id(said);
        IF reason IS NOT NULL THEN
            RETURN format('%s is no id: %s; {rule}', to_jsonb(left(said, {longest_id})), reason);
        END IF;
    END IF;
    RETURN NULL;
END
$$

-- name: days_of_month
-- How many days a month has.
CREATE OR REPLACE FUNCTION groundwork.days_of_month(year int, month int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN month IN (4, 6, 9, 11) THEN 30
    WHEN month <> 2 THEN 31
    WHEN year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0) THEN 29
    ELSE 28
END

-- name: read_datetime
-- A time by RFC 3339 as Pydantic writes it; null for what is none.
CREATE OR REPLACE FUNCTION groundwork.read_datetime(said text, zone text, OUT wire jsonb, OUT reason text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    p text[] := regexp_match(
        said,
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(Z|[-+][0-9]{2}:[0-9]{2})?$'
    );
    fraction text;
BEGIN
    IF p IS NULL
       OR CAST(p[1] AS int) = 0
       OR CAST(p[2] AS int) NOT BETWEEN 1 AND 12
       OR CAST(p[3] AS int) NOT BETWEEN 1 AND groundwork.days_of_month(CAST(p[1] AS int), CAST(p[2] AS int))
       OR CAST(p[4] AS int) > 23 OR CAST(p[5] AS int) > 59 OR CAST(p[6] AS int) > 59
       OR (length(p[8]) > 1 AND (CAST(substr(p[8], 2, 2) AS int) > 23 OR CAST(right(p[8], 2) AS int) > 59))
    THEN
        reason := 'Input should be a valid datetime, such as 2026-11-28T07:35:23Z';
        RETURN;
    END IF;
    IF p[8] IS NULL AND zone = 'aware' THEN
        reason := 'Input should have timezone info';
        RETURN;
    END IF;
    IF p[8] IS NOT NULL AND zone = 'naive' THEN
        reason := 'Input should not have timezone info';
        RETURN;
    END IF;
    fraction := rpad(p[7], 6, '0');
    wire := to_jsonb(
        format('%s-%s-%sT%s:%s:%s', p[1], p[2], p[3], p[4], p[5], coalesce(p[6], '00'))
        || CASE WHEN fraction <> '000000' THEN '.' || fraction ELSE '' END
        || CASE WHEN right(p[8], 5) = '00:00' THEN 'Z' ELSE coalesce(p[8], '') END
    );
END
$$

-- name: read_number
-- A number within its limits, as Pydantic writes it.
CREATE OR REPLACE FUNCTION groundwork.read_number(shape jsonb, given jsonb, OUT wire jsonb, OUT reason text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    whole boolean := shape ->> 't' = 'integer';
    number numeric;
BEGIN
    IF jsonb_typeof(given) <> 'number' THEN
        reason := CASE WHEN whole THEN 'Input should be a valid integer' ELSE 'Input should be a valid number' END;
        RETURN;
    END IF;
    number := CAST(given AS numeric);
    IF whole AND number <> trunc(number) THEN
        reason := 'Input should be a valid integer, got a number with a fractional part';
    ELSIF whole AND abs(number) > 9223372036854775807 THEN
        reason := 'SQL takes whole numbers of 64 bits';
    ELSE
        wire := CASE WHEN whole THEN to_jsonb(trunc(number)) ELSE groundwork.as_double(number) END;
        number := CAST(wire AS numeric);
        reason := CASE
            WHEN wire IS NULL THEN 'the number is too large or too small for a double'
            WHEN number < CAST(shape ->> 'ge' AS numeric) THEN
                format('Input should be greater than or equal to %s', shape ->> 'ge')
            WHEN number > CAST(shape ->> 'le' AS numeric) THEN
                format('Input should be less than or equal to %s', shape ->> 'le')
            WHEN number <= CAST(shape ->> 'gt' AS numeric) THEN format('Input should be greater than %s', shape ->> 'gt')
            WHEN number >= CAST(shape ->> 'lt' AS numeric) THEN format('Input should be less than %s', shape ->> 'lt')
            WHEN number % CAST(shape ->> 'multiple_of' AS numeric) <> 0 THEN
                format('Input should be a multiple of %s', shape ->> 'multiple_of')
        END;
    END IF;
END
$$

-- name: read_value
-- A value as Python would store it (wire), or what is wrong with it (faults). The shape is events/shapes.py's.
CREATE OR REPLACE FUNCTION groundwork.read_value(shape jsonb, given jsonb, place text, OUT wire jsonb, OUT faults jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text := jsonb_typeof(given);
    kind text := shape ->> 't';
    reason text;
    said text;
    entry record;
    inner_read record;
    items jsonb[] := '{}';
BEGIN
    IF found = 'null' AND shape ? 'null' AND kind <> 'unchecked' THEN
        wire := given;
        RETURN;
    END IF;
    CASE
    WHEN kind IN ('text', 'id', 'datetime', 'date', 'uuid') AND found <> 'string' THEN
        reason := format('Input should be a valid %s', CASE WHEN kind IN ('text', 'id') THEN 'string' ELSE kind END);
    WHEN kind IN ('text', 'id') THEN
        wire := given;
        reason := groundwork.fault_of_text(shape, given #>> '{}');
    WHEN kind = 'choice' THEN
        IF found = 'string' AND shape -> 'of' ? (given #>> '{}')
           OR found <> 'string' AND EXISTS (
               SELECT FROM jsonb_array_elements(shape -> 'of') AS each WHERE CAST(each AS text) = CAST(given AS text)
           )
        THEN
            wire := given;
        ELSE
            SELECT string_agg(CAST(each AS text), ', ') INTO said FROM jsonb_array_elements(shape -> 'of') AS each;
            reason := format('Input should be one of %s', left(said, 300));
        END IF;
    WHEN kind IN ('integer', 'number') THEN
        inner_read := groundwork.read_number(shape, given);
        wire := inner_read.wire;
        reason := inner_read.reason;
    WHEN kind = 'boolean' THEN
        wire := given;
        reason := CASE WHEN found <> 'boolean' THEN 'Input should be a valid boolean' END;
    WHEN kind = 'datetime' THEN
        inner_read := groundwork.read_datetime(given #>> '{}', shape ->> 'zone');
        wire := inner_read.wire;
        reason := inner_read.reason;
    WHEN kind = 'date' THEN
        wire := given;
        inner_read := groundwork.read_datetime((given #>> '{}') || 'T00:00:00', NULL);
        reason := CASE WHEN inner_read.wire IS NULL THEN 'Input should be a valid date, such as 2026-11-28' END;
    WHEN kind = 'uuid' THEN
        wire := to_jsonb(lower(given #>> '{}'));
        IF given #>> '{}' !~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' THEN
            reason := 'Input should be a valid UUID of 32 digits and 4 hyphens';
        END IF;
    WHEN kind = 'any' THEN
        inner_read := groundwork.read_anything(given, place, 0);
        wire := inner_read.wire;
        faults := inner_read.faults;
    WHEN kind = 'list' THEN
        IF found <> 'array' THEN
            reason := 'Input should be a valid list';
        ELSIF jsonb_array_length(given) < CAST(shape ->> 'min' AS int) THEN
            reason := format('it should have at least %s item(s), not %s', shape ->> 'min', jsonb_array_length(given));
        ELSIF jsonb_array_length(given) > CAST(shape ->> 'max' AS int) THEN
            reason := format('it should have at most %s item(s), not %s', shape ->> 'max', jsonb_array_length(given));
        ELSE
            FOR entry IN
                SELECT item, number FROM jsonb_array_elements(given) WITH ORDINALITY AS each (item, number)
            LOOP
                inner_read := groundwork.read_value(shape -> 'items', entry.item, place || '[' || entry.number - 1 || ']');
                items := items || inner_read.wire;
                faults := groundwork.more_faults(faults, inner_read.faults);
            END LOOP;
            wire := to_jsonb(items);
            IF faults IS NULL AND shape ? 'unique'
               AND (SELECT count(DISTINCT item) < count(*) FROM unnest(items) AS item)
            THEN
                reason := 'an item stands here twice';
            END IF;
        END IF;
    WHEN kind = 'map' THEN
        IF found <> 'object' THEN
            reason := 'Input should be a valid dictionary';
        ELSE
            wire := '{}';
            FOR entry IN SELECT key, value FROM jsonb_each(given) LOOP
                said := groundwork.place_in(place, entry.key);
                IF shape #>> '{keys,t}' <> 'any' THEN
                    inner_read := groundwork.read_value(shape -> 'keys', to_jsonb(entry.key), said);
                    faults := groundwork.more_faults(faults, inner_read.faults);
                END IF;
                inner_read := groundwork.read_value(shape -> 'items', entry.value, said);
                faults := groundwork.more_faults(faults, inner_read.faults);
                items := items || to_jsonb(entry.key) || coalesce(inner_read.wire, 'null');
            END LOOP;
            IF cardinality(items) / 2 < CAST(shape ->> 'min' AS int) THEN
                reason := format('it should have at least %s field(s), not %s', shape ->> 'min', cardinality(items) / 2);
            ELSIF cardinality(items) / 2 > CAST(shape ->> 'max' AS int) THEN
                reason := format('it should have at most %s field(s), not %s', shape ->> 'max', cardinality(items) / 2);
            ELSIF faults IS NULL THEN
                SELECT coalesce(jsonb_object_agg(items[n] #>> '{}', items[n + 1]), '{}') INTO wire
                FROM generate_series(1, cardinality(items), 2) AS n;
            END IF;
        END IF;
    WHEN kind = 'object' THEN
        inner_read := groundwork.read_object(shape, given, place);
        wire := inner_read.wire;
        faults := inner_read.faults;
    WHEN kind = 'tagged' THEN
        said := given ->> (shape ->> 'key');
        IF found <> 'object' THEN
            reason := 'Input should be a valid dictionary';
        ELSIF said IS NULL OR jsonb_typeof(given -> (shape ->> 'key')) <> 'string' OR NOT shape -> 'of' ? said THEN
            reason := format('its %s does not tell which of its types is meant', shape ->> 'key');
        ELSE
            inner_read := groundwork.read_value(shape -> 'of' -> said, given, place);
            wire := inner_read.wire;
            faults := inner_read.faults;
        END IF;
    WHEN kind = 'union' THEN
        FOR entry IN
            SELECT choice, kinds
            FROM ROWS FROM (jsonb_array_elements(shape -> 'of'), jsonb_array_elements(shape -> 'kinds')) AS each (choice, kinds)
            WHERE kinds ? found
        LOOP
            inner_read := groundwork.read_value(entry.choice, given, place);
            wire := inner_read.wire;
            faults := inner_read.faults;
            EXIT WHEN faults IS NULL;
        END LOOP;
        IF wire IS NULL AND faults IS NULL THEN
            reason := format('Input should be of another type than %s', found);
        END IF;
    ELSE
        reason := format(
            'SQL cannot check it (%s): send this event by POST /events or from Python', shape ->> 'why'
        );
    END CASE;
    IF reason IS NULL AND faults IS NULL AND shape ? 'most_json' THEN
        said := CAST(wire AS text);
        -- Python escapes what is not ASCII: of two bytes it makes six, and so of three.
        IF octet_length(said) + 2 * (octet_length(said) - length(said)) * 2 > CAST(shape ->> 'most_json' AS int) THEN
            reason := format('it may be larger than %s bytes of JSON', shape ->> 'most_json');
        END IF;
    END IF;
    IF reason IS NOT NULL THEN
        faults := groundwork.more_faults(faults, groundwork.fault(place, reason));
    END IF;
    IF faults IS NOT NULL THEN
        wire := NULL;
    END IF;
END
$$

-- name: read_object
-- An object of known fields: of those that are left out what is stored by default, and no nulls.
CREATE OR REPLACE FUNCTION groundwork.read_object(shape jsonb, given jsonb, place text, OUT wire jsonb, OUT faults jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    named record;
    inner_read record;
    known int := 0;
BEGIN
    IF jsonb_typeof(given) <> 'object' THEN
        faults := groundwork.fault(place, 'Input should be a valid dictionary');
        RETURN;
    END IF;
    wire := '{}';
    FOR named IN SELECT key, value AS field, given -> key AS given FROM jsonb_each(shape -> 'fields') LOOP
        IF named.given IS NOT NULL THEN
            known := known + 1;
            inner_read := groundwork.read_value(named.field -> 's', named.given, groundwork.place_in(place, named.key));
            IF inner_read.faults IS NOT NULL THEN
                faults := groundwork.more_faults(faults, inner_read.faults);
            ELSIF inner_read.wire <> 'null' THEN
                wire := wire || jsonb_build_object(named.field ->> 'out', inner_read.wire);
            END IF;
        ELSIF named.field ? 'default' THEN
            wire := wire || jsonb_build_object(named.field ->> 'out', named.field -> 'default');
        ELSIF named.field ? 'required' THEN
            faults := groundwork.more_faults(faults, groundwork.fault(
                groundwork.place_in(place, named.key),
                CASE
                    WHEN named.field ? 'made' THEN 'Field required: its default is made in Python, which SQL has not'
                    ELSE 'Field required'
                END
            ));
        END IF;
    END LOOP;
    IF shape ->> 'extra' = 'forbid' AND known < (SELECT count(*) FROM jsonb_object_keys(given)) THEN
        FOR named IN SELECT key FROM jsonb_object_keys(given) AS key WHERE NOT shape -> 'fields' ? key LOOP
            faults := groundwork.more_faults(
                faults, groundwork.fault(groundwork.place_in(place, named.key), 'Extra inputs are not permitted')
            );
        END LOOP;
    END IF;
END
$$

-- name: refuse
-- Raise what is wrong: the first fault in the message and in COLUMN, all of them in DETAIL, a line for each.
CREATE OR REPLACE FUNCTION groundwork.refuse(event text, which text, faults jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    told text;
BEGIN
    SELECT string_agg(concat_ws(': ', nullif(each ->> 'field', ''), each ->> 'reason'), E'\n') INTO told
    FROM jsonb_array_elements(faults) AS each;
    RAISE EXCEPTION '%groundwork.send: % is refused: %', which, event, split_part(told, E'\n', 1)
    USING ERRCODE = 'invalid_parameter_value', COLUMN = coalesce(faults #>> '{0,field}', ''), DETAIL = told,
          HINT = 'Nothing was sent. GET /catalogue has the schema of every event.';
END
$$

-- name: check_sender
-- Refuse a workspace that the caller's roles are not bound to. The login counts, and what it has set its role to: what binds
-- either binds the sender. Neither can be made up by the caller.
CREATE OR REPLACE FUNCTION groundwork.check_sender(workspace text, which text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    bound text;
BEGIN
    SELECT role_name INTO bound
    FROM groundwork.sql_sender
    WHERE role_name IN (session_user, current_setting('role')) AND workspace <> ALL (workspaces)
    LIMIT 1;
    IF bound IS NOT NULL THEN
        RAISE EXCEPTION '%groundwork.send: the role % may not send for the workspace %', which, bound, workspace
        USING ERRCODE = 'insufficient_privilege', COLUMN = 'workspaceId',
              HINT = 'Nothing was sent. `groundwork senders` shows and changes what a role may send for.';
    END IF;
END
$$

-- name: new_event
-- An event that is about to be stored, as groundwork.accept reads it; refuses what is wrong with it. It is what
-- NewEvent.of makes in Python.
CREATE OR REPLACE FUNCTION groundwork.new_event(
    event text, data jsonb, dedupe_id text, occurred_at timestamptz, place int, which text
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    known groundwork.event_type;
    checked record;
    written text;
    id uuid := groundwork.uuid7();
BEGIN
    SELECT * INTO known FROM groundwork.event_type WHERE name = event;
    IF known IS NULL THEN
        RAISE EXCEPTION '%groundwork.send: there is no event %', which, coalesce(quote_literal(left(event, 100)), 'without a name')
        USING ERRCODE = 'invalid_parameter_value', COLUMN = 'name', HINT = coalesce(
            'Nothing was sent. There are: ' || (
                SELECT string_agg(name, ', ' ORDER BY name)
                FROM groundwork.event_type
                WHERE split_part(name, '/', 1) = split_part(event, '/', 1)
            ),
            'Nothing was sent. GET /catalogue has every name.'
        );
    END IF;
    event := coalesce(known.alias_of, event);
    IF data IS NULL THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault('', 'its data are null'));
    END IF;
    written := CAST(data AS text);
    IF length(written) > {longest_json} THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault('', format(
            'it is %s characters long, and {longest_json} at most are kept. Put what is this large into the blob store, '
            'and send its key', length(written)
        )));
    END IF;
    IF strpos(written, '"{forbidden_key}": ') > 0 THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault('', 'the key {forbidden_key} is reserved'));
    END IF;
    -- Each value takes two characters at least.
    IF length(written) > 2 * {most_values} AND (SELECT count(*) FROM jsonb_path_query(data, 'strict $.**')) > {most_values} THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault(
            '', 'it has more than {most_values} values (fields and elements)'
        ));
    END IF;
    IF dedupe_id = '' OR length(dedupe_id) > {longest_dedupe_id} OR (
        dedupe_id !~ '^[ -~]*$' AND groundwork.fault_of_characters(dedupe_id, '{printable}') IS NOT NULL
    ) THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault(
            'dedupe_id', 'an id has 1 to {longest_dedupe_id} printable characters'
        ));
    END IF;
    IF occurred_at < '1980-01-01Z' OR occurred_at >= '2100-01-01Z' THEN
        PERFORM groundwork.refuse(event, which, groundwork.fault('occurred_at', 'it is not of the years 1980 to 2099'));
    END IF;
    checked := groundwork.read_value(known.shape, data, '');
    IF checked.faults IS NOT NULL THEN
        PERFORM groundwork.refuse(event, which, checked.faults);
    END IF;
    PERFORM groundwork.check_sender(checked.wire ->> 'workspaceId', which);
    RETURN jsonb_build_object(
        'position', place, 'id', id, 'name', event, 'workspace_id', checked.wire ->> 'workspaceId',
        'user_id', checked.wire ->> (known.shape ->> 'user'), 'data', checked.wire,
        'dedupe_id', coalesce(dedupe_id, CAST(groundwork.uuid7() AS text)),
        'occurred_at', coalesce(occurred_at, clock_timestamp()),
        'starts_at', CASE WHEN occurred_at > clock_timestamp() THEN occurred_at END,
        'source', session_user, 'correlation_id', id, 'depth', 0
    );
END
$$

-- name: uuid7
-- A new UUID of version 7, as blocks/uuid7.py makes them: 48 bits of Unix time in milliseconds, then random bits.
CREATE OR REPLACE FUNCTION groundwork.uuid7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN CAST(encode(set_bit(set_bit(overlay(
    uuid_send(gen_random_uuid())
    PLACING substring(int8send(CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)) FROM 3) FROM 1 FOR 6
), 52, 1), 53, 1), 'hex') AS uuid)

-- name: accept
-- Store events and the deliveries of the jobs that listen, by the statements of accept.sql and as accept() does in Python.
CREATE OR REPLACE FUNCTION groundwork.accept(events jsonb)
RETURNS TABLE (place int, event_id uuid, duplicate boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    one record;
    stored_ids uuid[] := '{}';
    to_limit uuid[] := '{}';
    to_cancel uuid[] := '{}';
    for_interactive boolean := false;
    at_once boolean := false;
    repeated jsonb;
BEGIN
    FOR one IN
        {accept}
    LOOP
        stored_ids := stored_ids || one.id;
        IF one.rated THEN
            to_limit := to_limit || one.id;
        END IF;
        IF one.cancels THEN
            to_cancel := to_cancel || one.id;
        END IF;
        for_interactive := for_interactive OR one.light_interactive;
        at_once := at_once OR one.interactive;
    END LOOP;
    IF cardinality(to_limit) > 0 THEN
        {limit_rate};
    END IF;
    IF cardinality(to_cancel) > 0 THEN
        {cancel_on};
    END IF;
    IF at_once THEN
        PERFORM * FROM ({wake_relay_at_once}) AS woken;
    ELSIF cardinality(stored_ids) > 0 THEN
        PERFORM * FROM ({wake_relay}) AS woken;
    END IF;
    IF for_interactive THEN
        PERFORM * FROM ({wake_interactive_host}) AS woken;
    END IF;
    IF cardinality(stored_ids) = jsonb_array_length(accept.events) THEN
        RETURN QUERY
        SELECT CAST(each ->> 'position' AS int), CAST(each ->> 'id' AS uuid), false
        FROM jsonb_array_elements(accept.events) AS each
        ORDER BY 1;
        RETURN;
    END IF;
    SELECT jsonb_agg(each) INTO repeated
    FROM jsonb_array_elements(accept.events) AS each
    WHERE CAST(each ->> 'id' AS uuid) <> ALL (stored_ids);
    RETURN QUERY
    WITH first AS (
        {first_ids}
    )
    SELECT CAST(each ->> 'position' AS int), coalesce(first.id, CAST(each ->> 'id' AS uuid)), first.id IS NOT NULL
    FROM jsonb_array_elements(accept.events) AS each
    LEFT JOIN first ON first.position = CAST(each ->> 'position' AS int)
    ORDER BY 1;
END
$$

-- name: send
-- Send an event within the caller's transaction.
CREATE OR REPLACE FUNCTION groundwork.send(
    name text, data jsonb, dedupe_id text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $$
BEGIN
    RETURN (
        SELECT event_id
        FROM groundwork.accept(jsonb_build_array(groundwork.new_event(name, data, dedupe_id, occurred_at, 0, '')))
    );
END
$$

-- name: send_many
-- Send many events within the caller's transaction: all of them or none. Each is {"name": …, "data": {…}, "id": …, "ts": …},
-- as POST /events takes it.
CREATE OR REPLACE FUNCTION groundwork.send_many(events jsonb)
RETURNS TABLE (place int, id uuid, duplicate boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $$
DECLARE
    one record;
    group_of jsonb[] := '{}';
    wrong text;
BEGIN
    IF jsonb_typeof(events) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'groundwork.send_many: send a JSON array of events, {"name": "…", "data": {…}}'
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_array_length(events) > {most_events} THEN
        RAISE EXCEPTION 'groundwork.send_many takes {most_events} events at once; send these in several calls'
        USING ERRCODE = 'program_limit_exceeded';
    END IF;
    FOR one IN
        SELECT CAST(number - 1 AS int) AS place, format('event %s: ', number - 1) AS which, event
        FROM jsonb_array_elements(events) WITH ORDINALITY AS each (event, number)
    LOOP
        wrong := groundwork.fault_of_envelope(one.event);
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION '%groundwork.send_many: %', one.which, wrong
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Nothing was sent.';
        END IF;
        group_of := group_of || groundwork.new_event(
            one.event ->> 'name', one.event -> 'data', one.event ->> 'id',
            timestamptz 'epoch' + CAST(one.event ->> 'ts' AS bigint) * interval '1 millisecond', one.place, one.which
        );
        IF cardinality(group_of) >= {events_at_once} THEN
            RETURN QUERY SELECT * FROM groundwork.accept(to_jsonb(group_of));
            group_of := '{}';
        END IF;
    END LOOP;
    IF cardinality(group_of) > 0 THEN
        RETURN QUERY SELECT * FROM groundwork.accept(to_jsonb(group_of));
    END IF;
END
$$

-- name: fault_of_envelope
-- What is wrong with an event around its data; null for nothing.
CREATE OR REPLACE FUNCTION groundwork.fault_of_envelope(event jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    number numeric;
BEGIN
    IF jsonb_typeof(event) <> 'object' THEN
        RETURN 'an event is an object, {"name": "…", "data": {…}}';
    END IF;
    IF event - ARRAY['name', 'data', 'id', 'ts'] <> '{}' THEN
        RETURN format('unknown field %s', (SELECT min(left(key, 100)) FROM jsonb_object_keys(event - ARRAY['name', 'data', 'id', 'ts']) AS key));
    END IF;
    IF jsonb_typeof(event -> 'name') IS DISTINCT FROM 'string' THEN
        RETURN 'name: a string is required';
    END IF;
    IF jsonb_typeof(event -> 'data') IS DISTINCT FROM 'object' THEN
        RETURN 'data: an object is required';
    END IF;
    IF jsonb_typeof(event -> 'id') NOT IN ('string', 'null') THEN
        RETURN 'id: it should be a string';
    END IF;
    IF jsonb_typeof(event -> 'ts') NOT IN ('number', 'null') THEN
        RETURN 'ts: it should be a number of milliseconds since 1970';
    END IF;
    IF jsonb_typeof(event -> 'ts') = 'number' THEN
        number := CAST(event -> 'ts' AS numeric);
        IF number <> trunc(number) OR number < {earliest_ts} OR number >= {latest_ts} THEN
            RETURN 'ts: it should be a whole number of milliseconds since 1970, of the years 1980 to 2099';
        END IF;
    END IF;
    RETURN NULL;
END
$$
