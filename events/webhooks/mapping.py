"""What a provider's messages mean, by declaration: kinds to event types, and fields to paths."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from groundwork.blocks.at_path import at_path
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.base import Event
from groundwork.events.webhooks.proof import digest_of
from groundwork.events.webhooks.source import Delivery, LeftOut, Malformed, Told

HEADER = "header:"
"""Begins a path that is the name of a header and not a place in the body."""
LONGEST_NAME = 512
"""Characters of a provider's ids, kinds and accounts."""
_IN_MILLISECONDS = 1e11
"""A number beyond counts milliseconds; in seconds it would be the year 5138."""

Value = str | Callable[[Any], Any]
"""A path into the body, such as ``data.object.id``, or a function of the body."""


class To:
    """An event type, and where its fields are in the provider's message::

        To(InvoicePaid, invoice_id="data.object.id", amount="data.object.amount_paid")

    Args:
        event: the type; its ``workspace_id`` is found by the source's ``workspaces``.
        fields: by their names in Python, each a path or a function of the body. What is missing or null is left to the
            field's default.

    Raises:
        ConfigurationError: a field is none of the event's, or a required one is missing.
    """

    def __init__(self, event: type[Event], **fields: Value) -> None:
        known = {name for name in event.model_fields if name != "workspace_id"}
        for name in fields:
            if name not in known:
                raise ConfigurationError(f"To({event.__name__}): no field {name!r}{did_you_mean(name, sorted(known))}")
        wanted = {name for name, each in event.model_fields.items() if each.is_required()}
        if missing := sorted(wanted - set(fields) - {"workspace_id"}):
            raise ConfigurationError(f"To({event.__name__}): say where {', '.join(missing)} is in the message")
        self.event = event
        self._fields = fields

    def values(self, body: Any) -> dict[str, Any]:
        """The event's fields of a message."""
        found = {name: _value(body, where) for name, where in self._fields.items()}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What a message means, by its kind. It is ``Source.read`` of most providers::

        Mapped(kind="type", id="id", at="created", account="data.object.metadata.workspaceId",
               events={"invoice.paid": To(InvoicePaid, invoice_id="data.object.id")})

    Attributes:
        events: by the provider's kind. A message of another kind is answered, counted, named in the log once, and not
            stored.
        kind: path of the kind; ``header:x-github-event`` is a header.
        id: path of the message's id; None: the proof's, and without one a digest of the body.
        account: path of whose the message is; None where ``OneWorkspace`` says it, or the address does.
        at: path of when it happened: seconds or milliseconds since 1970, or ISO 8601. None: when it was signed.
        expected: further kinds that mean nothing here, such as ``ping``: they are not logged.
    """

    events: Mapping[str, To]
    kind: str
    id: str | None = None
    account: str | None = None
    at: str | None = None
    expected: frozenset[str] = frozenset()

    def __call__(self, delivery: Delivery) -> Iterator[Told | LeftOut]:
        """What a message tells.

        Raises:
            Malformed: it has no kind, or no id where one is declared.
        """
        kind = _text(delivery, self.kind)
        if kind is None:
            raise Malformed(f"it has no {self.kind}")
        to = self.events.get(kind)
        if to is None:
            yield LeftOut(kind, expected=kind in self.expected)
            return
        message_id = _text(delivery, self.id) if self.id else delivery.id
        if message_id is None and self.id:
            raise Malformed(f"it has no {self.id}")
        yield Told(
            event=to.event,
            values=to.values(delivery.value),
            account=(_text(delivery, self.account) if self.account else None) or "",
            identity=(kind, message_id or digest_of(delivery.body)),
            at=_moment(_value(delivery.value, self.at)) if self.at else delivery.at,
        )


def _value(body: Any, where: Value) -> Any:
    return at_path(body, where) if isinstance(where, str) else where(body)


def _text(delivery: Delivery, path: str) -> str | None:
    """A plain value as text; None for what is none, and for what no provider calls a thing."""
    if path.startswith(HEADER):
        found = delivery.headers.get(path.removeprefix(HEADER).lower())
    else:
        found = at_path(delivery.value, path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found) if 1 <= len(str(found)) <= LONGEST_NAME else None


def _moment(value: Any) -> datetime | None:
    """A time of a provider's; None for what is none, and the message then happened when it came in."""
    try:
        if isinstance(value, str) and not value.isdigit():
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number > _IN_MILLISECONDS else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
