"""The engine's tables: ``groundwork`` is the inbox, ``app`` has the users. Applications have modules of their own."""

from sqlalchemy import MetaData

from groundwork.blocks.schema.audit import audit_entry
from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import delivery, event, job, lane_override, step_ledger
from groundwork.blocks.schema.light import light_host, step_execution
from groundwork.blocks.schema.sql_send import event_type, sql_sender
from groundwork.blocks.schema.unknown import unknown_event
from groundwork.blocks.schema.users import app_user, mail_bounce, notification_setting, workspace_setting
from groundwork.blocks.schema.waits import arrival, awaited_event, blockage, wait
from groundwork.blocks.schema.workers import worker

__all__ = [
    "app_user",
    "arrival",
    "audit_entry",
    "awaited_event",
    "blockage",
    "delivery",
    "event",
    "event_type",
    "job",
    "lane_override",
    "light_host",
    "mail_bounce",
    "metadata",
    "notification_setting",
    "sql_sender",
    "step_execution",
    "step_ledger",
    "unknown_event",
    "wait",
    "with_applications",
    "worker",
    "workspace_setting",
]


def with_applications() -> MetaData:
    """The engine's tables and those of every application of this process.

    Raises:
        ConfigurationError: an application's tables cannot be imported; the message names it.
    """
    from groundwork.blocks.applications import applications

    for application in applications():
        application.load(application.schema)
    return metadata
