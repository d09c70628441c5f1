"""The engine's tables: ``groundwork`` is the inbox, ``app`` has the users. Applications have modules of their own."""

from sqlalchemy import MetaData

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import delivery, event, job, lane_override, step_ledger
from groundwork.blocks.schema.light import light_host, step_execution
from groundwork.blocks.schema.users import app_user, mail_bounce, notification_setting, workspace_setting
from groundwork.blocks.schema.waits import arrival, awaited_event, blockage, wait

__all__ = [
    "app_user",
    "arrival",
    "awaited_event",
    "blockage",
    "delivery",
    "event",
    "job",
    "lane_override",
    "light_host",
    "mail_bounce",
    "metadata",
    "notification_setting",
    "step_execution",
    "step_ledger",
    "wait",
    "with_applications",
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
