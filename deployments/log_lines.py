"""Log lines for programs: one JSON object per line, with the ids of what it is about."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

PART = "GROUNDWORK__PART"
"""Environment variable that tells a process which part it is. Two underscores: no setting."""
_UP_PART = "GROUNDWORK_PART"
LONGEST = 32 * 1024
"""Characters of a message or a traceback. Longer lines are cut in two by collectors, and are then no JSON."""
_OF_PREFECT = ("flow_run_id", "flow_run_name", "task_run_id", "task_run_name", "flow_name", "worker_name")
"""What Prefect's loggers add to a record."""
_OF_GATEWAY = ("workspace_id", "event_id", "workspace_ids", "event_ids", "events")
"""What the gateway adds to the line of a request that brought events."""
_about: ContextVar[dict[str, str]] = ContextVar("groundwork_log_about", default={})  # noqa: B039 - never changed


@contextmanager
def logging_about(thing: object) -> Iterator[None]:
    """Let what is logged within the block carry the ids of a delivery, or of a run that is meant for one."""
    token = _about.set(_about.get() | _ids_of(thing))
    try:
        yield
    finally:
        _about.reset(token)


class JsonLines(logging.Formatter):
    """Formats a record as JSON. An id that is not known is left out.

    Args:
        part: of the process; None: as its environment says.
    """

    def __init__(self, *_: object, part: str | None = None, **__: object) -> None:
        super().__init__()
        self._part = part or os.environ.get(_UP_PART) or os.environ.get(PART)

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "part": self._part,
            "logger": record.name,
            "message": _cut(_message(record)),
            **{name: value for name in _OF_PREFECT if isinstance(value := getattr(record, name, None), str)},
            **{name: value for name in _OF_GATEWAY if (value := getattr(record, name, None)) is not None},
            **_ids_of_run(),
            **_about.get(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = _cut("".join(traceback.format_exception(*record.exc_info)), keep_end=True)
        return json.dumps({name: value for name, value in told.items() if value is not None}, ensure_ascii=False)


class LineHandler(logging.StreamHandler[Any]):
    """Writes lines as they are; Prefect's own handler replaces parts of what it takes for text."""

    def __init__(self, stream: Any = None, **_: object) -> None:
        super().__init__(stream)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # such as arguments that do not fit: the text is worth more than none
        return str(record.msg)


def _cut(text: str, *, keep_end: bool = False) -> str:
    if len(text) <= LONGEST:
        return text
    return f"… {text[-LONGEST:]}" if keep_end else f"{text[:LONGEST]} …"


def _ids_of_run() -> dict[str, str]:
    """The ids of the attempt that the calling code runs for."""
    # Where nobody has imported it, no job is running; and a server of Prefect need not pay for the import.
    current = sys.modules.get("groundwork.events.inbox.current")
    attempt = current.current_attempt() if current else None
    if attempt is None:
        return {}
    return _ids_of(attempt) | {"attempt": str(attempt.token), "correlation_id": str(attempt.correlation_id)}


def _ids_of(thing: object) -> dict[str, str]:
    delivery = getattr(thing, "delivery", None) or thing
    own = getattr(delivery, "id", None)
    # A flow run of Prefect's has no job.
    names = {"flow_run_id": own} if hasattr(delivery, "state_id") else {"delivery_id": own}
    for name in ("workspace_id", "event_id", "delivery_id", "job", "flow_run_id"):
        if (value := getattr(delivery, name, None)) is not None:
            names[name] = value
    return {name: str(value) for name, value in names.items() if value is not None}
