"""What a CRM said of the properties that an account has, kept for a day."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from groundwork.blocks.database import database
from groundwork.blocks.sql import statement

KEPT = timedelta(days=1)
"""How long. Too short: a request more per push. Too long: a property that was made is not used before."""

_SQL = Path(__file__).with_suffix(".sql")


def definitions_of(account: str, read: Callable[[], Any], *, anew: bool = False) -> Any:
    """What is kept of an account, or what the CRM says now.

    Args:
        read: asks the CRM; what it gives is JSON.
        anew: ask, whatever is kept: the CRM has refused a property that it should have.
    """
    if not anew:
        values = {"account": account, "kept_seconds": KEPT.total_seconds()}
        with database().transaction() as connection:
            found = connection.execute(statement(_SQL, "definitions"), values).scalar()
        if found is not None:
            return found
    document = read()
    with database().transaction() as connection:
        connection.execute(statement(_SQL, "keep"), {"account": account, "document": json.dumps(document)})
    return document
