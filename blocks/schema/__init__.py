"""The tables: ``groundwork`` is the inbox, ``app`` the contacts application's own rows."""

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.contacts import app_user, contact, contact_export, csv_import, import_skipped
from groundwork.blocks.schema.inbox import delivery, event, job, lane_override, step_ledger
from groundwork.blocks.schema.mail import weekly_figures, welcome_mail

__all__ = [
    "app_user",
    "contact",
    "contact_export",
    "csv_import",
    "delivery",
    "event",
    "import_skipped",
    "job",
    "lane_override",
    "metadata",
    "step_ledger",
    "weekly_figures",
    "welcome_mail",
]
