"""The step ledger: an effect and the record that it happened, in one transaction, under the fence of one attempt."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, NotStorable, StaleAttempt
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import storing

_statement = statements_of(__file__)


@dataclass
class LedgerEntry:
    """The entry of one step and key.

    Attributes:
        connection: the transaction in which the effect belongs.
        result: what was written before, or None; set it to what this effect amounts to, JSON-ready.
    """

    connection: Connection
    result: Any = None


@contextmanager
def once(attempt: Attempt, step: str, key: str) -> Iterator[LedgerEntry]:
    """Write an effect exactly once per delivery, step and key::

        with once(attempt, "import-chunk", key="7") as entry:
            if entry.result is None:
                entry.result = upsert(entry.connection, chunk)
        return entry.result

    The effect commits together with its ledger row, or not at all. The ledger has the beginning and a digest of a step
    or key of more than 512 bytes.

    Raises:
        NotStorable: PostgreSQL refuses step, key or result for good; the effect is rolled back.
        ConfigurationError: no result was set, so that nobody could tell that the effect was written; it is rolled back.
        StaleAttempt: a later attempt has the delivery; the effect is rolled back.
    """
    address = {"delivery_id": attempt.delivery_id, "step": step, "key": key}
    with database().transaction() as connection:
        with storing(f"once({step!r}): the key"):
            entry = LedgerEntry(connection, connection.execute(_statement("ledger_row"), address).scalar())
        if entry.result is not None:
            yield entry
            return
        yield entry
        if entry.result is None:
            raise ConfigurationError(f"once({step!r}): set entry.result to what the effect amounts to, such as True")
        row = address | {"attempt": attempt.token, "result": _json(step, entry.result)}
        with storing(f"once({step!r}): the result"):
            written_for = connection.execute(_statement("write_ledger"), row).scalar()
        if written_for is None:
            raise StaleAttempt(
                f"delivery {attempt.delivery_id}: {step} {key} of attempt {attempt.token} was rolled back, "
                "a later attempt has the delivery"
            )


def written(attempt: Attempt, step: str) -> dict[str, Any]:
    """What a step has already written for this delivery: results by key, as the ledger has it (:func:`once`)."""
    address = {"delivery_id": attempt.delivery_id, "step": step}
    rows: dict[str, Any] = {}
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            rows = {row.key: row.result for row in connection.execute(_statement("ledger_rows"), address)}
    return rows


def _json(step: str, result: Any) -> str:
    try:
        return json.dumps(result, default=str, allow_nan=False)
    except ValueError as error:
        raise NotStorable(f"once({step!r}): the result cannot be stored: {error}") from None
