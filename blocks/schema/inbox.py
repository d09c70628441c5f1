"""The inbox: events as accepted, and one delivery per event and listening job.

``docs/delivery.md`` draws the states of a delivery. Times are the database's clock, never a process's.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.states import IN_FLIGHT, UNFINISHED, WAITING, DeliveryState

SCHEMA = "groundwork"
_timestamp = DateTime(timezone=True)

job = Table(
    "job",
    metadata,
    Column("name", Text, primary_key=True),
    Column("event_name", Text, nullable=False, index=True),
    Column("lane_limit", Integer, nullable=False, server_default="1", comment="runs at once per workspace"),
    Column("priority", SmallInteger, nullable=False, server_default="0", comment="higher goes first"),
    Column("interactive", Boolean, nullable=False, server_default=text("false"), comment="may use the reserved share"),
    Column("ordered", Boolean, nullable=False, server_default=text("false"), comment="retries keep their place"),
    Column(
        "light",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="its deliveries share a flow run, the host",
    ),
    Column(
        "work_pool",
        Text,
        nullable=False,
        server_default="groundwork",
        comment="whose workers run it: its capacity is what they may hold",
    ),
    Column("max_attempts", Integer, nullable=False, server_default="5"),
    Column("batch_size", Integer, nullable=False, server_default="1", comment="deliveries per run"),
    Column("batch_wait_seconds", Float, nullable=False, server_default="0"),
    Column("flow_control", JSONB, nullable=False, server_default=text("'{}'"), comment="debounce, throttle, …"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("retired_at", _timestamp, comment="gone from the code: nothing more is delivered to it"),
    Column("walked_workspace_id", Text, nullable=False, server_default="", comment="where admission goes on walking"),
    Column("walked_flow_key", Text, nullable=False, server_default=""),
    Column("updated_at", _timestamp, nullable=False, server_default=func.now()),
    Column("last_admitted_at", _timestamp, comment="while interactive jobs are in use, bulk jobs give way"),
    Column("held_because", Text, comment="why nothing can run it now, as the relay last found"),
    schema=SCHEMA,
)

lane_override = Table(
    "lane_override",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("job", Text, ForeignKey(f"{SCHEMA}.job.name", ondelete="CASCADE"), primary_key=True),
    Column("lane_limit", Integer, comment="null: the job's own"),
    Column("weight", Float, nullable=False, server_default="1", comment="share between workspaces"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    schema=SCHEMA,
)

event = Table(
    "event",
    metadata,
    Column("id", Uuid, primary_key=True, comment="UUID version 7"),
    Column("name", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("user_id", Text),
    Column("dedupe_id", Text, nullable=False, comment="the sender's id, or our own where it gave none"),
    Column("data", JSONB, nullable=False),
    Column("occurred_at", _timestamp, nullable=False),
    Column("accepted_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("source", Text, nullable=False, comment="name of the key, or of the run, that sent it"),
    Column("correlation_id", Uuid, nullable=False, comment="the first event of the chain"),
    Column("causation_id", Uuid, comment="the event whose job sent this one"),
    Column(
        "depth",
        Integer,
        nullable=False,
        server_default="0",
        comment="events before it in its chain",
    ),
    Column("request_id", Uuid, comment="which repeated requests of this source have in common"),
    Column("sent_id", Text, comment="the sender's id, one for all names"),
    UniqueConstraint("workspace_id", "name", "dedupe_id"),
    Index(None, "accepted_at"),
    # What people look through: the newest of a workspace, of a name, and what belongs to one chain.
    Index(None, "workspace_id", "accepted_at"),
    Index(None, "name", "accepted_at"),
    Index("event_caused_idx", "correlation_id", "accepted_at", postgresql_where=text("causation_id IS NOT NULL")),
    Index("event_request_idx", "source", "request_id", unique=True, postgresql_where=text("request_id IS NOT NULL")),
    Index("event_sent_idx", "workspace_id", "sent_id", unique=True, postgresql_where=text("sent_id IS NOT NULL")),
    schema=SCHEMA,
)


def _in(states: Iterable[DeliveryState]) -> str:
    return f"state IN ({', '.join(repr(str(each)) for each in states)})"


delivery = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, ForeignKey(f"{SCHEMA}.event.id", ondelete="CASCADE"), nullable=False),
    Column("job", Text, ForeignKey(f"{SCHEMA}.job.name"), nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("sequence", BigInteger, Identity(), nullable=False, comment="order of acceptance"),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    Column(
        "urgency",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="higher goes first within its workspace: what a field of the event says",
    ),
    Column("not_before", _timestamp, nullable=False, server_default=func.clock_timestamp(), comment="start later"),
    Column("expires_at", _timestamp, comment="not started by then: dropped visibly"),
    Column("flow_key", Text, nullable=False, server_default="", comment="key of debounce or singleton within the lane"),
    Column("limit_keys", JSONB, comment="what the job's limits count by: field and value"),
    Column("cancel_key", Text, comment="an event with this key cancels it"),
    Column("batch_id", Uuid, comment="deliveries that share one run have the id of the first of them"),
    Column("superseded_by", Uuid, comment="the delivery that does its work: debounce, idempotency, singleton"),
    Column("debounced_since", _timestamp, comment="acceptance of the first event that this one supersedes"),
    Column(
        "run_to_cancel",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="cancelled here while its run may live: the relay cancels the run in Prefect",
    ),
    Column("dispatches", Integer, nullable=False, server_default="0", comment="runs asked for"),
    Column("attempt", Integer, nullable=False, server_default="0", comment="runs that claimed it: the fencing token"),
    Column("max_attempts", Integer, nullable=False, server_default="5"),
    Column(
        "deaths",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="runs that died with it: a light delivery is run alone after the second",
    ),
    Column("lease_expires_at", _timestamp, comment="admitted: claim by then; running: renew by then"),
    Column("worker_id", Uuid, comment="the worker that its run is meant for"),
    Column("flow_run_id", Uuid, comment="the Prefect flow run of the current attempt"),
    Column("progress", JSONB),
    Column("result", JSONB),
    Column("last_error", Text),
    Column(
        "attempt_errors",
        JSONB,
        comment="why attempts ended that did not do it: the last 20, each with number, time, run and 4,000 characters",
    ),
    Column(
        "continuations",
        Integer,
        nullable=False,
        server_default="0",
        comment="runs that ended to wait: they count as no attempts",
    ),
    Column("waiting_for", Text, comment="what the job waits for, in words"),
    Column(
        "keeps_place",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="while it waits, its lane and its limits count it",
    ),
    Column("awaited", Boolean, nullable=False, server_default=text("false"), comment="another job waits for its end"),
    Column("accepted_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("admitted_at", _timestamp),
    Column("posted_at", _timestamp),
    Column("run_created_at", _timestamp),
    Column("picked_up_at", _timestamp),
    Column("process_started_at", _timestamp),
    Column("claimed_at", _timestamp),
    Column("first_step_at", _timestamp),
    Column("settled_at", _timestamp),
    Column("death_posted", _timestamp, comment="settled_at of the death that Prefect has an event of"),
    Column("death_mailed", _timestamp, comment="settled_at of the death that the operators were told of"),
    UniqueConstraint("event_id", "job"),
    CheckConstraint(_in(DeliveryState), name="state"),
    # What the relay reads: the queue of each lane in order of acceptance, what is due to enter it, what is in flight.
    # Settled rows, which are nearly all of them, are in none of these, so admission does not slow down with history.
    Index(
        "delivery_queued_idx",
        "job",
        "workspace_id",
        "flow_key",
        text("urgency DESC"),
        "sequence",
        postgresql_where=text("state = 'queued'"),
    ),
    Index("delivery_scheduled_idx", "not_before", postgresql_where=text("state = 'scheduled'")),
    Index(
        "delivery_debounced_idx",
        "job",
        "workspace_id",
        "flow_key",
        "sequence",
        # Not "state = 'scheduled'": where statistics say that none is, delivery_scheduled_idx looks as good for a key.
        postgresql_where=text("state || '' = 'scheduled' AND flow_key <> ''"),
    ),
    Index(
        "delivery_expiring_idx",
        "expires_at",
        postgresql_where=text(f"{_in(WAITING)} AND expires_at IS NOT NULL"),
    ),
    Index(
        "delivery_holding_idx",
        "job",
        "workspace_id",
        "lease_expires_at",
        postgresql_where=text(f"{_in(IN_FLIGHT)} OR (state = 'scheduled' AND keeps_place)"),
    ),
    Index(
        "delivery_cancel_key_idx",
        "job",
        "workspace_id",
        "cancel_key",
        postgresql_where=text(f"cancel_key IS NOT NULL AND {_in(UNFINISHED)}"),
    ),
    Index("delivery_run_to_cancel_idx", "id", postgresql_where=text("run_to_cancel")),
    Index("delivery_dead_idx", "job", "settled_at", postgresql_where=text("state = 'failed'")),
    Index("delivery_ended_idx", "job", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    Index("delivery_batch_id_idx", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    Index(
        "delivery_held_idx",
        "flow_run_id",
        postgresql_where=text("state = 'running' AND lease_expires_at IS NOT NULL"),
    ),
    Index("delivery_flow_run_id_idx", "flow_run_id", postgresql_where=text("flow_run_id IS NOT NULL")),
    *(
        Index(
            f"delivery_death_not_{each}_idx",
            "settled_at",
            postgresql_where=text(f"state = 'failed' AND death_{each} IS DISTINCT FROM settled_at"),
        )
        for each in ("posted", "mailed")
    ),
    schema=SCHEMA,
)

step_ledger = Table(
    "step_ledger",
    metadata,
    Column("delivery_id", Uuid, ForeignKey(f"{SCHEMA}.delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="what the step worked on, such as a chunk's number"),
    Column(
        "identity",
        Text,
        primary_key=True,
        server_default="",
        comment="of the step: module and qualified name, or its given name; empty: of once(), or of an old release",
    ),
    Column("attempt", Integer, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("written_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
)

fair_share = Table(
    "fair_share",
    metadata,
    Column("workspace_id", Text, primary_key=True, comment="empty: the virtual time itself"),
    Column("served", Float, nullable=False, comment="runs started, divided by weight: start-time fair queueing"),
    schema=SCHEMA,
)

throttle_start = Table(
    "throttle_start",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job", Text, ForeignKey(f"{SCHEMA}.job.name", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("key", Text, nullable=False, server_default="", comment="empty: of a throttle without a key"),
    Column("started_at", _timestamp, nullable=False),
    Index("throttle_start_lane_idx", "job", "workspace_id", "key", "started_at"),
    schema=SCHEMA,
)

rate = Table(
    "rate",
    metadata,
    Column("job", Text, ForeignKey(f"{SCHEMA}.job.name", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="empty: of a rate limit without a key"),
    Column("taken", ARRAY(_timestamp), nullable=False, comment="when, within the last period"),
    Column("last_taken", Integer, nullable=False, comment="how many the last statement took"),
    Column("dropped", BigInteger, nullable=False, comment="since something was taken first"),
    Column("idle_at", _timestamp, nullable=False, comment="nothing of it counts any more then"),
    schema=SCHEMA,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("job", Text, ForeignKey(f"{SCHEMA}.job.name", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="of the event, as the job's idempotency names it"),
    Column("delivery_id", Uuid, nullable=False, comment="the delivery that has the key"),
    Column("expires_at", _timestamp, nullable=False),
    schema=SCHEMA,
)

tally = Table(
    "tally",
    metadata,
    Column("job", Text, nullable=False),
    Column("what", Text, nullable=False, comment="accepted, attempts, done, failed or cancelled"),
    Column("amount", BigInteger, nullable=False),
    schema=SCHEMA,
    comment="how often; rows are added as deliveries move, and summed up by the relay",
)
