"""The step ledger: an effect and the record that it happened, in one transaction, under the fence of one attempt."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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

_CALLBACKS = "groundwork: after commit"
"""Key of a connection's ``info``."""


@dataclass
class LedgerEntry:
    """The entry of one step and key.

    Attributes:
        connection: the transaction in which the effect belongs.
        kept: whether the effect was written before.
        unsigned: what was written before says of no step's identity that it is its own.
        result: what was written before, or None; set it to what this effect amounts to, JSON-ready.
    """

    connection: Connection
    kept: bool
    result: Any = None
    unsigned: bool = False


@dataclass(frozen=True)
class LedgerAddress:
    """Where a step's entry is.

    Attributes:
        step: its short name.
        key: what it works on.
        identity: which of several steps of that name it is; empty for what is not a step's own, see :func:`once`.
        old_key: what earlier releases had as its key, where that was another one.
    """

    step: str
    key: str
    identity: str = ""
    old_key: str | None = None


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
    with ledger_entry(attempt, LedgerAddress(step, key)) as entry:
        if entry.kept and entry.result is None:
            # A step with ledger=True kept that it returned None. Whoever asks for None here would write it again.
            entry.result = True
        yield entry
        if entry.result is None:
            raise ConfigurationError(f"once({step!r}): set entry.result to what the effect amounts to, such as True")


@contextmanager
def ledger_entry(attempt: Attempt, address: LedgerAddress) -> Iterator[LedgerEntry]:
    """Write an effect as :func:`once` does, whose result may be None: ``entry.kept`` says whether it was written.

    Raises:
        NotStorable, StaleAttempt: see :func:`once`.
    """
    values = {"delivery_id": attempt.delivery_id} | asdict(address)
    with database().transaction() as connection, _collecting(connection) as callbacks:
        step = address.step
        with storing(f"once({step!r}): the key"):
            row = connection.execute(_statement("ledger_row"), values).one_or_none()
        entry = LedgerEntry(connection, kept=row is not None)
        if row is not None:
            entry.result, entry.unsigned = row.result, not row.identity
        yield entry
        if not entry.kept:
            _write(connection, attempt, address, entry.result)
    for callback in callbacks:
        callback()


def after_commit(connection: Connection, callback: Callable[[], object]) -> None:
    """Have something done as soon as an effect is committed, such as to let others go on that wait for it. Best effort:
    a process that dies at that moment has committed, and does not call back.

    Args:
        connection: that of the entry, or of a step with ``ledger=True``.
        callback: is called in the same thread; an error that it raises is the step's.

    Raises:
        ConfigurationError: it is no connection of the ledger.
    """
    callbacks = connection.info.get(_CALLBACKS)
    if callbacks is None:
        raise ConfigurationError("after_commit: give it the connection that the ledger step was handed")
    callbacks.append(callback)


@contextmanager
def _collecting(connection: Connection) -> Iterator[list[Callable[[], object]]]:
    callbacks = connection.info[_CALLBACKS] = []
    try:
        yield callbacks
    finally:
        # A pool hands the connection on.
        del connection.info[_CALLBACKS]


def _write(connection: Connection, attempt: Attempt, address: LedgerAddress, result: Any) -> None:
    step = address.step
    document = stored_json(result, f"once({step!r}): the result", "result")
    values = {"delivery_id": attempt.delivery_id, "attempt": attempt.token, "result": document}
    with storing(f"once({step!r}): the result"):
        written_for = connection.execute(_statement("write_ledger"), values | asdict(address)).scalar()
    if written_for is None:
        raise StaleAttempt(
            f"delivery {attempt.delivery_id}: {step} {address.key} of attempt {attempt.token} was rolled back, "
            "a later attempt has the delivery"
        )


def written_for(attempt: Attempt, step: str, key: str) -> Any:
    """What :func:`once` has already written for one key; None where it has not. Whoever asks for each of thousands asks
    so, and not for all of them each time.

    Raises:
        NotStorable: step or key cannot be stored.
    """
    values = {"delivery_id": attempt.delivery_id} | asdict(LedgerAddress(step, key))
    row: Any = None
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection, storing(f"written_for({step!r}): the key"):
            row = connection.execute(_statement("ledger_row"), values).one_or_none()
    return None if row is None else row.result


def written(attempt: Attempt, step: str, *, identity: str | None = None) -> dict[str, Any]:
    """What a step has already written for this delivery: results by key, as the ledger has it (:func:`once`).

    Args:
        step: its name, as Prefect shows it.
        identity: which of several steps of that name, as :func:`groundwork.tasks.step_identity.identity_of` says.

    Raises:
        ConfigurationError: several steps of the name have written, and ``identity`` does not say which is meant.
    """
    address = {"delivery_id": attempt.delivery_id, "step": step, "identity": identity}
    found: Sequence[Any] = ()
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            found = connection.execute(_statement("ledger_rows"), address).all()
    identities = sorted({row.identity for row in found} - {""})
    if len(identities) > 1:
        raise ConfigurationError(
            f"written({step!r}): {' and '.join(identities)} have written; say which: identity=identity_of(step)"
        )
    return {row.key: row.result for row in found}
