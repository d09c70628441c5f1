"""Events whose type is not known yet, kept as they were sent (``GROUNDWORK_UNKNOWN_EVENTS=store``)."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

_timestamp = DateTime(timezone=True)

unknown_event = Table(
    "unknown_event",
    metadata,
    Column("id", Uuid, primary_key=True, comment="which the event keeps once it is accepted"),
    Column("sequence", BigInteger, Identity(), nullable=False, comment="order of arrival"),
    Column("name", Text, nullable=False, comment="as it was sent"),
    Column("workspace_id", Text, nullable=False),
    Column("workspace_from", Text, nullable=False, comment="where it was found: a path, or key"),
    Column("document", JSONB, nullable=False, comment="the whole event, as it was sent"),
    Column("occurred_at", _timestamp, nullable=False),
    Column("accepted_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("source", Text, nullable=False, comment="name of the key that sent it"),
    Column("request_id", Uuid, comment="which repeated requests of this source have in common"),
    Column("sent_id", Text, comment="the sender's id, one for all names"),
    Index(
        "unknown_event_request_idx",
        "source",
        "request_id",
        unique=True,
        postgresql_where=text("request_id IS NOT NULL"),
    ),
    Index(
        "unknown_event_sent_idx", "workspace_id", "sent_id", unique=True, postgresql_where=text("sent_id IS NOT NULL")
    ),
    Index("unknown_event_name_idx", "name", "sequence"),
    Index("unknown_event_accepted_at_idx", "accepted_at"),
    schema=SCHEMA,
    comment="events whose type is not known yet, as they were sent",
)
