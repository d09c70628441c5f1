"""Ways in which providers sign: a plain HMAC in all its forms, Standard Webhooks, Stripe, GitHub, Slack."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.signing_secret import key_of
from groundwork.events.webhooks.proof import (
    WINDOW_SECONDS,
    Encoding,
    Incoming,
    Proved,
    Unproved,
    decoded,
    digest_of,
    signed_at,
    signed_by_any,
)

NO_FIT = "no secret fits: it is another one, or something on the way has changed the body"
_ID = re.compile(r"[!-\-/-~]{1,200}")
"""Visible ASCII without the dot, which separates id, time and body in what is signed."""
_PARTS = ("body", "timestamp", "id", "method", "uri")


@dataclass(frozen=True, kw_only=True)
class Hmac:
    """A signature over the body and, where the provider signs it, the time::

        Hmac(header="x-signature", timestamp="x-timestamp", signed="{timestamp}.{body}")

    Attributes:
        header: that carries the signature.
        signed: what is signed: any text with ``{body}``, ``{timestamp}``, ``{id}``, ``{method}`` and ``{uri}``.
        timestamp: header with the time of the signature. Without one, what was overheard can be sent again for ever; it
            is stored once as long as its event is kept.
        id: header with the provider's id of the message. Where it is not signed, whoever has overheard a message can
            give it another one.
        prefix: what stands before the signature, such as ``sha256=``.
        encoding: of the signature.
        digest: name of the hash function.
        per_second: 1 for a time in seconds, 1000 for one in milliseconds.
        oldest: seconds that the time may be past.
        ahead: seconds that it may be in the future.
        uri: what the provider makes of the URI before it signs it.

    Raises:
        ConfigurationError: ``signed`` does not go with the rest.
    """

    header: str
    signed: str = "{body}"
    timestamp: str | None = None
    id: str | None = None
    prefix: str = ""
    encoding: Encoding = "hex"
    digest: str = "sha256"
    per_second: int = 1
    oldest: float = WINDOW_SECONDS
    ahead: float = WINDOW_SECONDS
    uri: Callable[[str], str] = str

    def __post_init__(self) -> None:
        names = [name for _, name, _, _ in Formatter().parse(self.signed) if name is not None]
        if unknown := sorted(set(names) - set(_PARTS)):
            raise ConfigurationError(f"Hmac: signed has {{{unknown[0]}}}; there are {', '.join(_PARTS)}")
        if "body" not in names:
            raise ConfigurationError("Hmac: signed lacks {body}: anybody could send another one")
        if ("timestamp" in names) != (self.timestamp is not None):
            raise ConfigurationError(
                "Hmac: name the header of the time in timestamp, and have {timestamp} in signed: a time that is not "
                "signed proves nothing"
            )
        if "id" in names and self.id is None:
            raise ConfigurationError("Hmac: signed has {id}; name its header in id")

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:
        """Check the signature, and the time where it is signed.

        Raises:
            Unproved: it does not fit.
        """
        at = None
        if self.timestamp:
            stamp = request.header(self.timestamp)
            at = signed_at(stamp, now, per_second=self.per_second, oldest=self.oldest, ahead=self.ahead)
        given = request.header(self.header)
        if not given.startswith(self.prefix) or given == self.prefix:
            raise Unproved(f"it has no {self.header}, or one of another form")
        signature = decoded(given[len(self.prefix) :], self.encoding)
        keys = [each.encode() for each in secrets]
        if not signed_by_any(self._message(request), keys, [signature], self.digest):
            raise Unproved(NO_FIT)
        return Proved(request.header(self.id) or None if self.id else None, at)

    def _message(self, request: Incoming) -> bytes:
        values = {
            "body": request.body,
            "timestamp": request.header_bytes(self.timestamp or ""),
            "id": request.header_bytes(self.id or ""),
            "method": request.method.encode(),
            "uri": self.uri(request.uri).encode("utf-8", "surrogatepass"),
        }
        pieces = Formatter().parse(self.signed)
        return b"".join(text.encode() + (values[name] if name else b"") for text, name, _, _ in pieces)


@dataclass(frozen=True, kw_only=True)
class StandardWebhooks:
    """Standard Webhooks 1.0.0, symmetric (github.com/standard-webhooks, ``spec/standard-webhooks.md``): signed are id,
    time and body. Secrets are ``whsec_`` and base64.

    Attributes:
        headers: what their names begin with: ``svix`` at senders that were there before the standard, such as Clerk and
            Resend.
    """

    headers: str = "webhook"

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:
        """Check signature and time.

        Raises:
            Unproved: they do not fit.
        """
        return self.check_keys(request, [each for each in map(_whsec, secrets) if each], now)

    def check_keys(self, request: Incoming, keys: Sequence[bytes], now: float) -> Proved:
        """Check them by secrets that are decoded already.

        Raises:
            Unproved: they do not fit.
        """
        stamp, given = (request.header(f"{self.headers}-{each}") for each in ("timestamp", "signature"))
        at = signed_at(stamp, now)
        message_id = self.id_of(request)
        versions = [each.partition(",") for each in given.split(" ")]
        signatures = [decoded(value, "base64") for version, _, value in versions if version == "v1"]
        message = f"{message_id}.{stamp}.".encode() + request.body
        if not signed_by_any(message, keys, signatures):
            raise Unproved(NO_FIT)
        return Proved(message_id, at)

    def id_of(self, request: Incoming) -> str:
        """The message's id, whether or not it is signed.

        Raises:
            Unproved: there is none, or it could not be signed.
        """
        message_id = request.header(f"{self.headers}-id")
        if not _ID.fullmatch(message_id):
            raise Unproved(f"it has no {self.headers}-id, or one with a dot")
        return message_id


@dataclass(frozen=True)
class Stripe:
    """Stripe (docs.stripe.com/webhooks, "Verify webhook signatures manually"): ``Stripe-Signature: t=…,v1=…``,
    HMAC-SHA256 over time, a dot and body, in hex. Each secret of an endpoint that is rolled has a ``v1`` of its own.
    The id is in the message, and so it is signed.
    """

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:
        """Check signature and time.

        Raises:
            Unproved: they do not fit.
        """
        parts = [each.partition("=") for each in request.header("stripe-signature").split(",")]
        stamps = [value for name, _, value in parts if name.strip() == "t"]
        if len(stamps) != 1:
            raise Unproved("it has no Stripe-Signature, or one without a time")
        at = signed_at(stamps[0], now)
        signatures = [decoded(value.strip(), "hex") for name, _, value in parts if name.strip() == "v1"]
        if not signed_by_any(f"{stamps[0]}.".encode() + request.body, [each.encode() for each in secrets], signatures):
            raise Unproved(NO_FIT)
        return Proved(at=at)


@dataclass(frozen=True)
class BodyOnce:
    """A proof whose messages are named by their body, whatever id they come with.

    Attributes:
        proof: what is checked.
    """

    proof: Hmac

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:
        """Check the proof.

        Raises:
            Unproved: it does not fit.
        """
        return Proved(digest_of(request.body), self.proof.check(request, secrets, now).at)


def github(*, once_by: str = "id") -> Hmac | BodyOnce:
    """GitHub (docs.github.com, "Validating webhook deliveries"): ``X-Hub-Signature-256: sha256=…`` over the body alone.

    Neither time, kind nor id are signed, so that it errs one way or the other.

    Args:
        once_by: ``id``: a message is known by ``X-GitHub-Delivery``, as GitHub says. Risk: who has overheard a message
            and gives it another id has it stored again. ``body``: by its bytes. Risk: of two messages that are alike to
            the byte, such as two workflow_dispatch with the same inputs, the later one is taken for a repetition.

    Raises:
        ConfigurationError: ``once_by`` is neither.
    """
    plain = Hmac(header="x-hub-signature-256", prefix="sha256=", id="x-github-delivery")
    if once_by not in ("id", "body"):
        raise ConfigurationError(f"github: once_by is id or body, not {once_by!r}")
    return plain if once_by == "id" else BodyOnce(plain)


def slack() -> Hmac:
    """Slack (docs.slack.dev, "Verifying requests from Slack"): ``X-Slack-Signature: v0=…`` over version, time, body."""
    return Hmac(
        header="x-slack-signature",
        prefix="v0=",
        timestamp="x-slack-request-timestamp",
        signed="v0:{timestamp}:{body}",
    )


def _whsec(secret: str) -> bytes:
    try:
        return key_of(secret)
    except ValueError:
        return b""
