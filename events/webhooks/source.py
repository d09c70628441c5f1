"""A source: one provider whose webhooks this installation takes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import parse_qs

from pydantic import ValidationError
from pydantic_core import from_json

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.events.webhooks.handshake import Challenge
from groundwork.events.webhooks.proof import Incoming, Proof
from groundwork.events.webhooks.workspaces import Workspaces

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 60
"""Characters of a source's name, which is a part of ids."""
_FORM = "application/x-www-form-urlencoded"


class Malformed(Exception):
    """The webhook is signed, and not as its provider documents: all of it where it is raised, one part where
    ``Source.read`` yields it.

    Args:
        reason: what is wrong, without what was sent.
    """

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        """The fields at fault, without what they hold."""
        return cls(fields_of(error))


def fields_of(error: ValidationError) -> str:
    """The fields at fault, and how, without what they hold."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['type']}" for each in faults)


@dataclass(frozen=True)
class Delivery:
    """A message that its provider has proved.

    Attributes:
        value: the body's JSON value.
        body: as it came in.
        headers: by name in lower case.
        id: by which the proof names the message; None where only the message says.
        at: when it was signed; None where no time is.
        received_at: when it came in.
    """

    value: Any
    body: bytes
    headers: Mapping[str, str]
    id: str | None
    at: datetime | None
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that a provider tells: an event, but for the workspace.

    Attributes:
        event: type of the event.
        values: its fields by their names in Python, without ``workspace_id``.
        account: whose it is, in the provider's terms; ``Source.workspaces`` says which workspaces that are.
        identity: what each repetition has alike, and nothing else has. Not the account's alone.
        at: when it happened, by the provider's clock; None: when it came in.
    """

    event: type[Event]
    values: Mapping[str, Any]
    account: str
    identity: Sequence[str]
    at: datetime | None = None


@dataclass(frozen=True)
class LeftOut:
    """A message that means nothing here: it is answered, counted and not stored.

    Attributes:
        kind: what the provider calls it.
        expected: True for what is known to mean nothing, such as a ping, which is not logged.
    """

    kind: str
    expected: bool = False


def json_or_form(request: Incoming) -> Any:
    """A body's JSON value, also where it is the field ``payload`` of a form, as GitHub and Slack may send it.

    Raises:
        ValueError: it is no JSON.
    """
    if request.header("content-type").partition(";")[0].strip().lower() == _FORM:
        fields = parse_qs(request.body.decode(), max_num_fields=100)
        return from_json(fields.get("payload", [""])[0], allow_inf_nan=False)
    return from_json(request.body, allow_inf_nan=False)


def _none() -> list[str]:
    return []


@dataclass(frozen=True, kw_only=True)
class Source:
    """One provider whose webhooks are taken, below ``POST /hooks/<name>``.

    Attributes:
        name: lower case with hyphens.
        proof: how it proves itself.
        secrets: what it signs with, asked for anew for each request, in a thread, since they may come from a table;
            several while they are rotated. None: the source is not set up, and is answered 404.
        read: what a message tells: :class:`~.mapping.Mapped`, or a function of your own, which raises Malformed.
        workspaces: whose a message is.
        secret_in_path: whether what follows the name in the path is the proof's.
        needs_secrets: False for a proof that has none, such as by a provider's public key.
        is_on: whether it is taken at all.
        handshake: how a GET of the provider is answered.
        replies: by the kind in a message's field ``type``, what is answered in place of storing it, such as Slack's
            ``url_verification``.
        status: of the answer to what is stored.
        misfit: refuse: what does not fit its event is 422, so that the provider shows it and sends it again once it is
            mended. leave out: it is answered, counted and logged, for providers that send many at once.
        cure: what to look at where nothing proves itself, for the log; such as the name of the setting.
        largest_body: bytes; None: ``GROUNDWORK_MAX_BODY_BYTES``.
        most_values: of a body, fields and elements. None: no limit, for who sends series and is trusted.
        answer_seconds: how long it waits for the database. Too low: 503 during a checkpoint. Too high: the provider
            gives up first.
        decode: the body's value.

    Raises:
        ConfigurationError: the name, or what goes together, is not as it should be.
    """

    name: str
    proof: Proof
    read: Callable[[Delivery], Iterable[Told | LeftOut | Malformed]]
    workspaces: Workspaces
    secrets: Callable[[], Sequence[str]] = _none
    secret_in_path: bool = False
    needs_secrets: bool = True
    is_on: Callable[[], bool] = lambda: True
    handshake: Challenge | None = None
    replies: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = field(default_factory=dict)
    status: int = 202
    misfit: Literal["refuse", "leave out"] = "refuse"
    cure: str = ""
    largest_body: int | None = None
    most_values: int | None = 100_000
    answer_seconds: float = 20.0
    decode: Callable[[Incoming], Any] = json_or_form

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"Source: {self.name!r} is no name: up to {_LONGEST_NAME} of lower case, digits and single hyphens"
            )
        if not 200 <= self.status < 300:
            raise ConfigurationError(f"Source {self.name}: status is {self.status}; a provider takes 2xx for stored")
