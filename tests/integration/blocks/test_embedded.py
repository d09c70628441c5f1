"""The embedded PostgreSQL starts whatever the last run left behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from blocks.embedded import EmbeddedPostgres
from blocks.errors import DatabaseUnavailable


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


def test_a_home_too_deep_for_a_socket_gets_a_short_one(tmp_path):
    server = EmbeddedPostgres(tmp_path / ("deep" * 20) / ("er" * 20))
    assert len(str(server.socket_folder)) < 60
    assert server.socket_folder == EmbeddedPostgres(tmp_path / ("deep" * 20) / ("er" * 20)).socket_folder
    server.create()
    server.start(tmp_path / "log")
    try:
        assert server.is_ready()
    finally:
        server.stop()
        server.socket_folder.rmdir()


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
