"""The branches of the schema: the engine's, and one of each application that has migrations.

Each has a version table of its own, so that one that is removed, or is broken, stands in nobody's way.
"""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from groundwork.blocks.applications import Application, applications

SCHEMA = "groundwork"
"""Where the version tables are."""
VERSIONS = "migration"
"""Version table of the engine, and what those of applications begin with."""
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Revisions that follow each other.

    Attributes:
        application: whose they are; None for the engine's.
        folders: where their files are.
    """

    application: str | None = None
    folders: tuple[Path, ...] = (_HERE / "versions",)

    @property
    def versions(self) -> str:
        """Name of the table that says how far a database is."""
        return f"{VERSIONS}_{self.application}" if self.application else VERSIONS

    @property
    def options(self) -> dict[str, str]:
        """What Alembic has to know of the version table."""
        return {"version_table": self.versions, "version_table_schema": SCHEMA}

    def config(self, connection: Connection) -> Config:
        """Alembic's configuration for a live connection: what ``alembic.command`` takes."""
        config = Config()
        config.set_main_option("script_location", _literal(str(_HERE)))
        config.set_main_option("version_locations", _literal("\n".join(map(str, self.folders))))
        config.set_main_option("path_separator", "newline")
        config.attributes.update(connection=connection, branch=self)
        return config

    def revision(self, connection: Connection) -> str | None:
        """The revision at which a database is; None where it has nothing of this branch."""
        return MigrationContext.configure(connection, opts=self.options).get_current_revision()

    def head(self) -> str | None:
        """The last revision of the code; read once.

        Raises:
            alembic.util.CommandError: there are several.
        """
        return _head(self.folders)

    def is_ahead(self, connection: Connection) -> bool:
        """Whether a database is at a revision that this code does not know: that of a newer release."""
        found = self.revision(connection)
        if found is None or found == self.head():
            return False
        return found not in {each.revision for each in _scripts(self.folders).walk_revisions()}

    def file_of(self, error: BaseException) -> str | None:
        """Name of the revision's file in which an error arose."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).parent in self.folders:
                return Path(frame.filename).name
        return None


ENGINE = Branch()


def branches() -> Iterator[Branch]:
    """The branches of this process, the engine's first.

    Raises:
        ConfigurationError: an application's migrations cannot be found; the message names it.
    """
    yield ENGINE
    for application in applications():
        if application.migrations is not None:
            yield Branch(application=application.name, folders=_folders(application, application.migrations))


def _folders(application: Application, package: str) -> tuple[Path, ...]:
    return tuple(Path(each) for each in application.named(f"{package}:__path__"))


def _scripts(folders: tuple[Path, ...]) -> ScriptDirectory:
    return ScriptDirectory(str(_HERE), version_locations=list(map(str, folders)))


@cache
def _head(folders: tuple[Path, ...]) -> str | None:
    return _scripts(folders).get_current_head()


def _literal(text: str) -> str:
    """Text as Alembic's configuration reads it back."""
    return text.replace("%", "%%")
