"""What the JSON of a request may hold: how many values, and none that Prefect would run or PostgreSQL cannot store.

A value of two bytes takes some two hundred in memory, and a hundred thousand wrong fields take a second to be named, so
the size of a body alone bounds neither.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

from groundwork.blocks.storable import fault_of_scalar
from groundwork.deployments.gateway.faults import Faults, Path
from groundwork.events.inbox.storing import FORBIDDEN_KEY, MOST_VALUES_OF_EVENT

MOST_VALUES = 100_000
"""Values of one body: fields and elements at every depth. Higher: memory of the gateway, and others wait longer."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([,\[{])', re.DOTALL)
"""A text, or a mark before a value. A text that does not end takes the rest, or each of its quotes would begin one."""


def too_many_values(body: bytes, most: int = MOST_VALUES) -> bool:
    """Whether a JSON text has more values than a body may have, found without parsing it.

    Each value but the outermost follows a comma or an opening bracket. Those within texts are told apart only where
    there are so many.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) <= most:
        return False
    values = 0
    for token in _TOKEN.finditer(body):
        if token.lastindex:
            values += 1
            if values > most:
                return True
    return False


def check_values(event: dict[str, Any], path: Path, faults: Faults) -> None:
    """Add what an event may not contain at any depth, and an event of too many values.

    Args:
        event: as JSON gave it.
        path: of the event.
        faults: gains what is found.
    """
    here: list[str | int] = [*path]
    levels: list[Iterator[tuple[str | int, Any]]] = [iter(event.items())]
    values = 0
    while levels:
        for key, child in levels[-1]:
            values += 1
            here.append(key)
            if isinstance(key, str):
                _check_key(key, here, faults)
            if isinstance(child, dict):
                levels.append(iter(child.items()))
                break
            if isinstance(child, list):
                levels.append(enumerate(child))
                break
            _check_scalar(child, here, faults)
            here.pop()
        else:
            levels.pop()
            if levels:
                here.pop()
    if values > MOST_VALUES_OF_EVENT:
        faults.add(
            path,
            f"the event has {values:,} values (fields and elements); {MOST_VALUES_OF_EVENT:,} are the most",
            "Put what is this large into the blob store, and send its key.",
        )


def _check_key(key: str, here: Path, faults: Faults) -> None:
    if key == FORBIDDEN_KEY:
        faults.add(here, f"the key {key!r} is reserved", "Rename the key.")
    if (reason := fault_of_scalar(key)) is not None:
        faults.add(here, f"a key cannot be stored: {reason}", "Rename the key.")


def _check_scalar(value: Any, here: Path, faults: Faults) -> None:
    if isinstance(value, float) and not isfinite(value):
        faults.add(here, "the number is too large for a double", "Send it as a string.")
    elif (reason := fault_of_scalar(value)) is not None:
        cure = "Remove the character." if isinstance(value, str) else "Send it as a string."
        faults.add(here, f"it cannot be stored: {reason}", cure)
