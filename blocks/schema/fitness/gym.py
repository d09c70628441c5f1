"""Gyms, one per workspace, and their members."""

from sqlalchemy import CheckConstraint, Column, Date, Float, Index, Table, Text, Time, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

gym = Table(
    "gym",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner_id", Text, nullable=False, comment="user who is told what no coach is there for"),
    Column("time_zone", Text, nullable=False, server_default="UTC", comment="IANA name; its nights are the gym's"),
    Column("quiet_from", Time, nullable=False, server_default="21:00", comment="local; no digest is mailed from then"),
    Column("quiet_until", Time, nullable=False, server_default="07:00", comment="local; until then"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
)

member = Table(
    "member",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("user_id", Text, comment="user of the application by whom the member reads mails; None: none yet"),
    Column("coach_id", Text, comment="user who is told of the member's alerts; None: the gym's owner"),
    Column("time_zone", Text, comment="IANA name; None: the gym's"),
    Column("joined_on", Date, nullable=False),
    Column("left_on", Date),
    Column("sleep_need_hours", Float, nullable=False, server_default="8", comment="a night, 7 to 9 for most"),
    CheckConstraint("sleep_need_hours BETWEEN 4 AND 12", name="sleep_need_hours"),
    schema=SCHEMA,
)
Index("member_workspace_id_user_id_idx", member.c.workspace_id, member.c.user_id)
