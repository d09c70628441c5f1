"""What all processes that call a provider keep together: its limit per second, and who goes first."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groundwork.blocks.database import database
from groundwork.blocks.sql import statement

_SQL = Path(__file__).with_suffix(".sql")


def wait_for_turn(name: str, per_second: float) -> None:
    """Wait until a request may go out. Requests of all processes stand in one row.

    Args:
        name: of the limit, such as ``reapit``.
        per_second: requests.
    """
    values = {"name": name, "gap": 1 / per_second}
    with database().transaction() as connection:
        seconds = connection.execute(statement(_SQL, "take_turn"), values).scalar_one()
    time.sleep(max(0.0, seconds))


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Be the only one of all processes within a block of this name; the others wait before theirs.

    A transaction is open meanwhile: for a request or two, not for more.
    """
    with database().transaction() as connection:
        connection.execute(statement(_SQL, "be_the_only_one"), {"name": name})
        yield
