"""The step ledger: an effect and the record that it happened, in one transaction, under the fence of one attempt."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, StaleAttempt
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import stored_json, storing

_statement = statements_of(__file__)


@dataclass
class LedgerEntry:
    """The entry of one step and key.

    Attributes:
        connection: the transaction in which the effect belongs.
        kept: whether the effect was written before.
        result: what was written before, or None; set it to what this effect amounts to, JSON-ready.
    """

    connection: Connection
    kept: bool
    result: Any = None


@contextmanager
def once(attempt: Attempt, step: str, key: str) -> Iterator[LedgerEntry]:
    """Write an effect exactly once per delivery, step and key, such as one of many in a loop::

        with once(attempt, "import-chunk", key="7") as entry:
            if entry.result is None:
                entry.result = upsert(entry.connection, chunk)
        return entry.result

    The effect commits together with its ledger row, or not at all. The ledger has the beginning and a digest of a step
    or key of more than 512 bytes. A step whose effect is all that it does says ``@step(ledger=True)`` instead.

    Raises:
        NotStorable: step, key or result cannot be stored, and the message says why; the effect is rolled back.
        ConfigurationError: no result was set, so that nobody could tell that the effect was written; it is rolled back.
        StaleAttempt: a later attempt has the delivery; the effect is rolled back.
    """
    with ledger_entry(attempt, step, key) as entry:
        if entry.kept and entry.result is None:
            # A step with ledger=True kept that it returned None. Whoever asks for None here would write it again.
            entry.result = True
        yield entry
        if entry.result is None:
            raise ConfigurationError(f"once({step!r}): set entry.result to what the effect amounts to, such as True")


@contextmanager
def ledger_entry(attempt: Attempt, step: str, key: str) -> Iterator[LedgerEntry]:
    """Write an effect as :func:`once` does, whose result may be None: ``entry.kept`` says whether it was written.

    Raises:
        NotStorable, StaleAttempt: see :func:`once`.
    """
    address = {"delivery_id": attempt.delivery_id, "step": step, "key": key}
    with database().transaction() as connection:
        with storing(f"once({step!r}): the key"):
            row = connection.execute(_statement("ledger_row"), address).one_or_none()
        entry = LedgerEntry(connection, kept=row is not None, result=row.result if row else None)
        yield entry
        if entry.kept:
            return
        result = stored_json(entry.result, f"once({step!r}): the result", "result")
        values = address | {"attempt": attempt.token, "result": result}
        with storing(f"once({step!r}): the result"):
            written_for = connection.execute(_statement("write_ledger"), values).scalar()
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
