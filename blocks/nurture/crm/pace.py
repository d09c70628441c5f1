"""A provider's limit of requests per second, kept by all processes together."""

import time
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
