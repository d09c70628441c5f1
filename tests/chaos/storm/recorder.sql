-- What the storm records in the database: the counters' effects, and every change of a delivery's state.
CREATE SCHEMA chaos;

CREATE TABLE chaos.effect (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    workspace_id text NOT NULL,
    number int NOT NULL,
    attempt int NOT NULL
);

CREATE TABLE chaos.transition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivery_id uuid NOT NULL,
    job text NOT NULL,
    workspace_id text NOT NULL,
    leads boolean NOT NULL,
    state text NOT NULL,
    attempt int NOT NULL
);

CREATE FUNCTION chaos.note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.transition (delivery_id, job, workspace_id, leads, state, attempt)
    VALUES (NEW.id, NEW.job, NEW.workspace_id, NEW.batch_id IS NULL OR NEW.batch_id = NEW.id, NEW.state, NEW.attempt);
    RETURN NULL;
END
$$;

CREATE TRIGGER note_transition AFTER UPDATE ON groundwork.delivery FOR EACH ROW
WHEN ((OLD.state, OLD.attempt) IS DISTINCT FROM (NEW.state, NEW.attempt))
EXECUTE FUNCTION chaos.note_transition();
