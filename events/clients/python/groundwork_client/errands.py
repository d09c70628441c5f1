"""What a client does, step by step: talk to the gateway, keep what it cannot take now. Both clients carry it out."""

import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook

from . import talk
from .errors import GatewayAway, NotAGateway, Refused
from .event import Event, Flushed, Receipt
from .outbox import Outbox

AWAY_SECONDS = 5.0
"""For how long events go to the outbox at once after the gateway was found away. Too low: each of them waits for a
try."""
_FLUSHED_AT_ONCE = 500
"""Events that are read from the outbox at a time."""
_OF_THE_EVENT = frozenset({400, 403, 413, 422, 500})
"""Refusals that another event would not meet."""


@dataclass(frozen=True)
class Disk:
    """Do something with the outbox, and send back what came of it. It may wait for the disk."""

    work: Callable[[], Any]


Todo = talk.Todo | Disk
Errand = Generator[Todo, Any, Any]


@dataclass(frozen=True)
class Options:
    """Everything that a client can be told.

    Attributes:
        url: of the gateway.
        key: event key.
        secret: Standard Webhooks secret; several, comma-separated, as the gateway has them: the first signs.
        outbox: path of a file for when the gateway is away. None: GatewayAway is raised.
        outbox_events: that may wait there.
        timeout: seconds for which the gateway may stay silent.
        manner: tries and sizes.
    """

    url: str
    key: str
    secret: str | None = None
    outbox: str | os.PathLike[str] | None = None
    outbox_events: int = 100_000
    timeout: float = 10.0
    tries: int = 4
    first_pause: float = 0.5
    most_bytes: int = 3 * 1024 * 1024

    def check(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: names the option; never its value where that is secret.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("url: http:// or https://, a host, and nothing behind the path")
        if not self.key or not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            raise ValueError("key: visible ASCII characters; is there a line end behind it?")
        if self.tries < 1:
            raise ValueError("tries: 1 or more")

    def webhook(self) -> Webhook | None:
        """What signs.

        Raises:
            ValueError: the secret is none.
        """
        if self.secret is None:
            return None
        try:
            return Webhook(self.secret.partition(",")[0].strip())
        except Exception:  # of base64, or one of the library's own, which have no base in common
            raise ValueError("secret: whsec_ and base64") from None


class Errands:
    """The errands of one client."""

    def __init__(self, options: Options) -> None:
        options.check()
        self.manner = talk.Manner(options.tries, options.first_pause, options.most_bytes, options.webhook())
        self.outbox = Outbox(options.outbox, options.outbox_events) if options.outbox else None
        self._away_until = 0.0

    def send(self, events: Sequence[Event]) -> Generator[Todo, Any, list[Receipt]]:
        """Send events, or keep them all; what waits goes first, so that they stay in order.

        Raises:
            Refused, NotAGateway, OutboxFull: see :mod:`.errors`.
            GatewayAway: there is no outbox.
        """
        outbox = self.outbox
        if outbox is None:
            return (yield from talk.send(events, self.manner))
        waits = (yield Disk(outbox.waiting)) > 0
        if not waits or (time.monotonic() >= self._away_until and not (yield from self.flush()).waiting):
            try:
                return (yield from talk.send(events, self.manner))
            except GatewayAway:
                self._away_until = time.monotonic() + AWAY_SECONDS
        kept: list[Receipt] = yield Disk(lambda: outbox.put(events))
        return kept

    def flush(self) -> Generator[Todo, Any, Flushed]:
        """Send what waits, with one try of each request.

        Raises:
            Refused: the gateway knows neither key nor path; everything waits on.
        """
        sent = refused = 0
        outbox = self.outbox
        if outbox is None:
            return Flushed(0, 0, 0)
        manner = talk.once(self.manner)
        while batch := (yield Disk(lambda: outbox.oldest(_FLUSHED_AT_ONCE))):
            try:
                gone, bad = yield from self._flush(outbox, batch, manner)
            except (GatewayAway, NotAGateway):
                self._away_until = time.monotonic() + AWAY_SECONDS
                break
            sent, refused = sent + gone, refused + bad
        return Flushed(sent, refused, (yield Disk(outbox.waiting)))

    def _flush(
        self, outbox: Outbox, batch: Sequence[tuple[int, Event]], manner: talk.Manner
    ) -> Generator[Todo, Any, tuple[int, int]]:
        """Send a batch; where an event of it is refused, each half on its own, and so on."""
        try:
            yield from talk.send([event for _, event in batch], manner)
        except Refused as error:
            if error.status not in _OF_THE_EVENT:
                raise
            if len(batch) == 1:
                place, reason = batch[0][0], str(error)
                yield Disk(lambda: outbox.refused(place, reason))
                return 0, 1
            half = len(batch) // 2
            first = yield from self._flush(outbox, batch[:half], manner)
            rest = yield from self._flush(outbox, batch[half:], manner)
            return first[0] + rest[0], first[1] + rest[1]
        yield Disk(lambda: outbox.sent([place for place, _ in batch]))
        return len(batch), 0

    def status(self, event_id: str) -> Generator[Todo, Any, dict[str, Any]]:
        """What became of an event.

        Raises:
            Refused: 404, no such event, or not this key's to see.
            GatewayAway, NotAGateway: see :mod:`.errors`.
        """
        return (yield from talk.asked("GET", f"/events/{event_id}", self.manner))


def http_options(options: Options) -> dict[str, Any]:
    """Arguments of either client of httpx. Redirects are not followed: they would carry the key elsewhere."""
    return {
        "base_url": options.url.rstrip("/"),
        "headers": {"authorization": f"Bearer {options.key}"},
        "timeout": httpx.Timeout(options.timeout),
        "follow_redirects": False,
    }


def events_of(name: str, data: Any, **more: Any) -> list[Event]:
    """The one event that somebody sends by its parts."""
    return [Event(name, data, **{key: value for key, value in more.items() if value is not None})]
