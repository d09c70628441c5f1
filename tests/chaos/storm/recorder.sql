-- What the storm records in the database: the counters' effects, every change of a delivery's state, and when each
-- attempt's first step began.
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
    attempt int NOT NULL,
    flow_run_id uuid,
    waits boolean NOT NULL
);

CREATE TABLE chaos.first_step (
    at timestamptz NOT NULL,
    delivery_id uuid NOT NULL,
    attempt int NOT NULL
);

CREATE FUNCTION chaos.note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.transition (delivery_id, job, workspace_id, leads, state, attempt, flow_run_id, waits)
    VALUES (
        NEW.id, NEW.job, NEW.workspace_id, NEW.batch_id IS NULL OR NEW.batch_id = NEW.id, NEW.state, NEW.attempt,
        NEW.flow_run_id, NEW.waiting_for IS NOT NULL
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER note_transition AFTER UPDATE ON groundwork.delivery FOR EACH ROW
WHEN ((OLD.state, OLD.attempt) IS DISTINCT FROM (NEW.state, NEW.attempt))
EXECUTE FUNCTION chaos.note_transition();

CREATE FUNCTION chaos.note_first_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.first_step (at, delivery_id, attempt) VALUES (NEW.first_step_at, NEW.id, NEW.attempt);
    RETURN NULL;
END
$$;

CREATE TRIGGER note_first_step AFTER UPDATE ON groundwork.delivery FOR EACH ROW
WHEN (OLD.first_step_at IS DISTINCT FROM NEW.first_step_at)
EXECUTE FUNCTION chaos.note_first_step();
