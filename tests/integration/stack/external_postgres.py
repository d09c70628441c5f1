"""A PostgreSQL server that is not the embedded one: over TCP, with roles that may little."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from groundwork.blocks.embedded import programs_folder
from groundwork.deployments.up.ports import free_port
from tests.waiting import wait_until

PASSWORD = "sehr geheim/ä@:"


class ExternalPostgres:
    """A cluster in a folder.

    Args:
        folder: short, and for this user only.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.data = folder / "data"
        password = folder / "password"
        password.write_text(PASSWORD)
        self._run("initdb", "-D", str(self.data), "-U", "boss", "-A", "scram-sha-256", "--pwfile", str(password))
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_as_nobody(), str(programs_folder() / "postgres"), "-D", str(self.data), *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, 30, what=f"PostgreSQL answers; its log is {folder / 'log'}")

    def url(self, role: str = "boss", database: str = "postgres", *, port: int | None = None, options: str = "") -> str:
        user, password, name = (quote(each, safe="") for each in (role, PASSWORD, database))
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/{name}{options}"

    def make(self, role: str, database: str, *, may_make_databases: bool) -> None:
        """Make a role with a database of its own."""
        rights = "CREATEDB" if may_make_databases else "NOCREATEDB"
        self.execute(f"CREATE ROLE \"{role}\" LOGIN {rights} PASSWORD '{PASSWORD}'")
        self.execute(f'CREATE DATABASE "{database}" OWNER "{role}"')

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            return self.execute("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*_as_nobody(), str(programs_folder() / program), *arguments], check=True, capture_output=True, text=True
        )


def _as_nobody() -> list[str]:
    """PostgreSQL does not run as root; for root it runs in a namespace with another number (blocks/embedded.py)."""
    return ["unshare", "--user", "--map-user=65534"] if os.geteuid() == 0 else []
