"""Schema migrations, run by Alembic without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_FOLDER = Path(__file__).parent
_LOCK = 0x67726F756E64
"""Advisory lock: several processes may start at once, and one migrates."""


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for a live connection."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to ``revision``. Safe to call from many processes at once; a no-op when already there."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS groundwork"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    command.upgrade(alembic_config(connection), revision)
