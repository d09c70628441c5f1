import os
import signal
import threading
from contextlib import ExitStack, suppress
from types import FrameType

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError


@pytest.mark.parametrize(
    "url", ["postgresql://ann:s%40cret@db.example:5433/app", "postgresql+psycopg://ann:s%40cret@db.example:5433/app"]
)
def test_a_url_is_read_with_and_without_a_driver(url):
    block = Database(connection_url=url)
    assert block.url.drivername == "postgresql+psycopg"
    assert block.url.password == "s@cret"
    assert block.conninfo == "postgresql://ann:s%40cret@db.example:5433/app"


def test_spaces_and_plus_signs_reach_libpq_as_they_were_meant():
    url = "postgresql://ann:a+b%20c%2B@db.example/app?options=-c%20search_path%3Dx&application_name=1%2B1"
    read = conninfo_to_dict(Database(connection_url=url).conninfo)
    assert (read["password"], read["options"], read["application_name"]) == ("a+b c+", "-c search_path=x", "1+1")


def test_a_url_of_another_database_is_refused():
    with pytest.raises(ConfigurationError, match=r"GROUNDWORK_DATABASE_URL is a sqlite URL; .* postgresql://"):
        _ = Database(connection_url="sqlite:///file").url


def test_the_password_is_not_shown():
    assert "s3cret" not in repr(Database(connection_url="postgresql://ann:s3cret@db.example/app"))


def test_a_transaction_is_kept_on_success_and_undone_on_an_error(db):
    count = text("SELECT count(*) FROM app.app_user")
    insert = text("INSERT INTO app.app_user (id, workspace_id, email) VALUES (:id, 'w', 'e@example.com')")
    with db.transaction() as connection:
        connection.execute(insert, {"id": "kept"})
    with pytest.raises(ZeroDivisionError), db.transaction() as connection:
        connection.execute(insert, {"id": "undone"})
        raise ZeroDivisionError
    with db.transaction() as connection:
        assert connection.execute(count).scalar_one() == 1


class Ended(BaseException):
    """What a handler of signals raises to end a run."""


def test_a_signal_that_ends_a_run_is_not_taken_for_an_error_of_the_database(db):
    def end(number: int, frame: FrameType | None) -> None:
        os.kill(backend, signal.SIGCONT)
        raise Ended

    # The pool gives the connection of before only where it has no other one.
    db.engine.dispose()
    with db.transaction() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    before = signal.signal(signal.SIGUSR1, end)
    os.kill(backend, signal.SIGSTOP)
    # It comes while the pool asks whether the connection of before is alive.
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Ended), db.transaction() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        timer.cancel()
        # It has ended where it was woken in time: the pool has closed its connection.
        with suppress(ProcessLookupError):
            os.kill(backend, signal.SIGCONT)
        signal.signal(signal.SIGUSR1, before)
    with db.transaction() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_there_is_room_for_each_thread_and_what_looks_after_them(db):
    roomy = Database(connection_url=db.url.set(drivername="postgresql").render_as_string(hide_password=False))
    with roomy.transaction():
        roomy.make_room(30)
        with ExitStack() as held:
            for _ in range(40):
                assert held.enter_context(roomy.transaction()).execute(text("SELECT 1")).scalar_one() == 1
    roomy.engine.dispose()


def test_a_connection_of_ones_own_copies_in_bulk(db):
    with db.connect() as connection:
        with connection.cursor().copy("COPY app.app_user (id, workspace_id, email) FROM STDIN") as copy:
            copy.write("u1\tw1\tann@example.com\nu2\tw1\tbob@example.com\n")
        assert connection.execute("SELECT count(*) FROM app.app_user").fetchone() == (2,)
