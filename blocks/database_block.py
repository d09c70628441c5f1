"""The Database block: what Prefect's UI shows of the database."""

from typing import ClassVar, Self

from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.database import Database
from groundwork.blocks.settings import settings


class DatabaseBlock(Database, ConfiguredBlock):
    """PostgreSQL 14 or later: the inbox and the application's tables.

    Left empty, it is the embedded server of the Groundwork home.
    """

    _block_type_name: ClassVar[str] = "Groundwork Database"
    _block_type_slug: ClassVar[str] = "groundwork-database"
    _description: ClassVar[str] = "PostgreSQL that holds the inbox and the application's tables."
    document: ClassVar[str] = "inbox-database"

    @classmethod
    def from_settings(cls) -> Self | None:
        """The database that ``GROUNDWORK_DATABASE_URL`` names; None where it is not set."""
        url = settings().database_url
        return cls(connection_url=url) if url else None
