"""The embedded PostgreSQL starts whatever the last run left behind."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.errors import ConfigurationError, DatabaseUnavailable


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "home")
    server.create()
    yield server
    server.stop()


def test_rows_committed_before_a_kill_are_there_after_the_next_start(server, tmp_path):
    process = server.start(tmp_path / "log")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    assert not server.is_ready()
    server.start(tmp_path / "log")
    with psycopg.connect(server.conninfo("postgres")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stopped_server_answers_no_more_and_stopping_it_again_is_harmless(server, tmp_path):
    process = server.start(tmp_path / "log")
    assert server.is_ready()
    server.stop()
    server.stop()
    assert process.poll() is not None
    assert not server.is_ready()


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server whose home has too long a path for a socket."""
    server = EmbeddedPostgres(tmp_path / ("deep" * 20) / ("er" * 20))
    server.create()
    yield server
    server.stop()
    server.socket_folder.rmdir()


def test_a_home_too_deep_for_a_socket_gets_a_short_folder_that_others_cannot_guess_nor_enter(deep, tmp_path):
    deep.start(tmp_path / "log")
    folder = deep.socket_folder
    assert len(str(folder)) < 60
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder != tmp_path
    elsewhere = EmbeddedPostgres(deep.data.parent)
    assert elsewhere.socket_folder == folder
    assert elsewhere.is_ready()
    deep.stop()
    deep.start(tmp_path / "log")
    assert deep.socket_folder == folder


def test_a_socket_folder_that_got_into_other_hands_is_refused_and_replaced_at_the_next_start(deep, tmp_path):
    deep.start(tmp_path / "log")
    deep.stop()
    first = deep.socket_folder
    for spoil in (lambda: first.chmod(0o755), lambda: swap_for_a_link(first, tmp_path)):
        spoil()
        with pytest.raises(ConfigurationError, match=first.name):
            deep.conninfo()
    deep.start(tmp_path / "log")
    assert deep.socket_folder != first
    assert deep.is_ready()
    first.unlink()


def swap_for_a_link(folder: Path, target: Path) -> None:
    folder.rmdir()
    folder.symlink_to(target)


def test_nobody_gets_in_without_the_password_which_only_its_owner_may_read(server, tmp_path):
    server.start(tmp_path / "log")
    for password in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(server.socket_folder), user="groundwork", dbname="postgres", password=password)
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(host=str(server.socket_folder), user="postgres", dbname="postgres")
    assert stat.S_IMODE(server.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((server.socket_folder / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_the_password_shows_in_no_command_line_and_no_log(server, tmp_path):
    password = server.password_file.read_text().strip()
    process = psutil.Process(server.start(tmp_path / "log").pid)
    server.create_database("app")
    for each in (process, *process.children(recursive=True)):
        # PostgreSQL's helpers come and go.
        with suppress(psutil.NoSuchProcess):
            assert password not in " ".join(each.cmdline())
    assert password not in (tmp_path / "log").read_text()
    assert password not in repr(server.url())
    assert password in server.conninfo()


def test_a_cluster_from_before_there_were_passwords_gets_one_and_keeps_its_rows(server, tmp_path):
    (server.data / "pg_hba.conf").write_text("local all all trust\n")
    (server.data / "made").write_text("")
    server.password_file.unlink()
    old = server.start(tmp_path / "log")
    without = {"host": str(server.socket_folder), "user": "groundwork", "dbname": "postgres"}
    with psycopg.connect(**without, autocommit=True) as connection:
        connection.execute("ALTER ROLE groundwork PASSWORD NULL")
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    processes = [old_process := psutil.Process(old.pid), *old_process.children(recursive=True)]
    os.killpg(old.pid, signal.SIGKILL)
    old.wait(10)
    psutil.wait_procs(processes, timeout=60)

    now = EmbeddedPostgres(server.data.parent)
    now.create()
    now.start(tmp_path / "log")
    try:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(**without)
        with psycopg.connect(now.conninfo("postgres")) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        now.stop()


def test_a_password_that_was_lost_is_replaced(server, tmp_path):
    server.password_file.unlink()
    server.create()
    server.start(tmp_path / "log")
    assert server.is_ready()


def test_a_cluster_that_others_may_enter_is_not_started(server):
    server.data.chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        server.create()
    server.data.chmod(0o700)


def test_a_half_made_cluster_is_made_anew(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("18\n")
    (server.data / "base").mkdir()
    server.create()
    server.start(tmp_path / "log")
    try:
        assert server.is_ready()
    finally:
        server.stop()


def test_a_finished_cluster_is_left_alone(server):
    before = (server.data / "PG_VERSION").stat().st_mtime_ns
    server.create()
    assert (server.data / "PG_VERSION").stat().st_mtime_ns == before


def test_a_database_is_created_once(server, tmp_path):
    server.start(tmp_path / "log")
    server.create_database("app")
    server.create_database("app")
    with psycopg.connect(server.conninfo("app")) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("app",)


def test_a_server_that_cannot_start_quotes_its_log(server, tmp_path):
    (server.data / "postgresql.conf").write_text("no_such_parameter = on\n")
    with pytest.raises(DatabaseUnavailable, match="no_such_parameter"):
        server.start(tmp_path / "log")
