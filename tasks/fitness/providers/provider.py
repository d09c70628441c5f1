"""What every provider is that is asked for data: OAuth, objects by id, pages by days, and their meaning in readings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from groundwork.blocks.errors import ConfigurationError, NonRetriable
from groundwork.events.webhooks import several
from groundwork.tasks.fitness.connections.record import Linked, Tokens
from groundwork.tasks.fitness.connections.tokens import ConnectionRefused, access_of
from groundwork.tasks.fitness.providers.http import Answer, NotLetIn, NotTaken, ask
from groundwork.tasks.fitness.readings.reading import Reading
from groundwork.tasks.fitness.settings import FitnessSettings, fitness_settings

_OUR_FAULT = ("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope")
"""What a provider says of a refresh that no member can help (RFC 6749, section 5.2)."""


@dataclass(frozen=True)
class Page:
    """Some documents of a collection, and what names the page behind it."""

    documents: tuple[dict[str, Any], ...]
    next_token: str | None
    at: datetime


@dataclass(frozen=True)
class Days:
    """Days that are pulled, both included."""

    since: date
    until: date


@dataclass(frozen=True)
class FetchingProvider(ABC):
    """A provider whose webhooks carry ids only.

    Attributes:
        url: of its API, without a slash at the end.
        client_id, client_secret: of our application there.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)

    name: ClassVar[str]
    token_path: ClassVar[str]
    refresh_scope: ClassVar[str | None] = None
    metrics_of: ClassVar[dict[str, tuple[str, ...]]]
    """Metrics that an object of each kind of data may have. Kinds that are not in it hold no readings."""

    @classmethod
    def configured(cls) -> Self:
        """The provider as the settings say.

        Raises:
            ConfigurationError: client id or secret is missing.
        """
        now = fitness_settings()
        client_id, secrets = cls.credentials(now)
        if not client_id or not secrets:
            name = cls.name.upper()
            raise ConfigurationError(
                f"{cls.name} is not configured: set GROUNDWORK_{name}_CLIENT_ID and GROUNDWORK_{name}_CLIENT_SECRET"
            )
        return cls(str(getattr(now, f"{cls.name}_url")).rstrip("/"), client_id, secrets[0])

    @classmethod
    def credentials(cls, now: FitnessSettings) -> tuple[str | None, list[str]]:
        """Client id and secrets of the settings; the first is sent, all verify webhooks."""
        return getattr(now, f"{cls.name}_client_id"), several(getattr(now, f"{cls.name}_client_secret"))

    @abstractmethod
    def fetch(self, linked: Linked, data_type: str, object_id: str) -> Answer:
        """An object by its id.

        Raises:
            Gone: there is none.
            ConnectionRefused, RetryAfter, NonRetriable, httpx.HTTPError: see :meth:`get`.
        """

    @abstractmethod
    def page(self, linked: Linked, data_type: str, days: Days, next_token: str | None) -> Page:
        """A page of the objects of some days."""

    @abstractmethod
    def readings(self, linked: Linked, data_type: str, document: dict[str, Any], at: datetime) -> list[Reading]:
        """What an object says, as readings: each of its metrics with a value, or deleted where it has none any more.

        Args:
            at: when the provider said so, for objects without a version of their own.

        Raises:
            NonRetriable: the object is not what its provider documents; the message names the field.
        """

    @abstractmethod
    def id_of(self, data_type: str, document: dict[str, Any]) -> str:
        """The object's id, by which its webhooks name it."""

    def get(self, linked: Linked, path: str, params: dict[str, Any] | None = None) -> Answer:
        """Ask for a document in the name of a member. A refused token is refreshed once.

        Raises:
            Gone: 404.
            ConnectionRefused: the provider refuses a fresh token too.
            RetryAfter, NonRetriable, httpx.HTTPError: see :func:`~groundwork.tasks.fitness.providers.http.ask`.
        """
        access = access_of(linked, self)
        try:
            return self._ask(access.token, path, params)
        except NotLetIn:
            access = access_of(linked, self, refused=access.token)
        try:
            return self._ask(access.token, path, params)
        except NotLetIn as status:
            raise ConnectionRefused(f"{self.name} answers {status.status} to a fresh token", access.read_at) from None

    def refresh(self, refresh_token: str) -> Tokens | None:
        """New tokens for a refresh token (RFC 6749, section 6); None where it is worth nothing.

        Raises:
            ConfigurationError: the provider does not know our application: nobody's permission has ended by that.
            RetryAfter, NonRetriable, httpx.HTTPError: see :func:`~groundwork.tasks.fitness.providers.http.ask`.
        """
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        if self.refresh_scope:
            form["scope"] = self.refresh_scope
        try:
            answer = ask("POST", f"{self.url}{self.token_path}", headers={}, data=form).document
        except NotTaken as refusal:
            if refusal.code in _OUR_FAULT:
                name = f"GROUNDWORK_{self.name.upper()}_CLIENT"
                raise ConfigurationError(
                    f"{self.name} says {refusal.code}: correct {name}_ID and {name}_SECRET, then run "
                    "`groundwork dead replay`"
                ) from None
            if refusal.code == "invalid_grant" or refusal.status in (400, 401):
                return None
            raise
        access, refreshed = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise NonRetriable(f"{self.name} refreshed a token and gave none")
        seconds = answer.get("expires_in")
        lasts = timedelta(seconds=min(float(seconds), 366 * 86_400)) if isinstance(seconds, int | float) else None
        return Tokens(access, refreshed if isinstance(refreshed, str) else None, lasts)

    def _ask(self, token: str, path: str, params: dict[str, Any] | None) -> Answer:
        return ask("GET", f"{self.url}{path}", headers={"Authorization": f"Bearer {token}"}, params=params or {})


def number_of(document: dict[str, Any], *path: str) -> float | None:
    """A number at a place of a document; None where it has none.

    Raises:
        NonRetriable: there is something else.
    """
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise NonRetriable(f"{'.'.join(path)} is {str(found)[:40]!r} where a number is documented")
    try:
        return float(found)
    except OverflowError:
        raise NonRetriable(f"{'.'.join(path)} has more digits than any measured number") from None
