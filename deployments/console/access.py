"""Who looks: the session of a request, what it may see, and what it may change."""

import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import Request, Response

from groundwork.blocks.console_keys import ANY_WORKSPACE, ConsoleKey, ConsoleKeys
from groundwork.blocks.settings import settings
from groundwork.deployments.console import tokens
from groundwork.deployments.console.tokens import Grant
from groundwork.deployments.gateway.refusal import Refusal

if TYPE_CHECKING:
    from groundwork.deployments.console.shared import SharedPages

SESSION_SECONDS = 12 * 3600
"""How long a session lasts. Too low: people sign in often. Too high: a cookie that was stolen is good for longer."""
LONGEST_LINK_SECONDS = 24 * 3600
"""How long a link may last, and the session that it opens."""
COOKIE = "groundwork_console"
FORM_COOKIE = "groundwork_console_form"


class SignInWanted(Exception):
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is signed in.

    Attributes:
        name: of the key.
        is_operator: may change things.
        workspace: the one workspace that is shown; None: all.
        form_token: what every form of the session carries.
    """

    name: str
    is_operator: bool
    workspace: str | None
    form_token: str

    def may_see(self, workspace_id: str) -> bool:
        """Whether what belongs to a workspace is shown. What is not looks like what is not there."""
        return self.workspace in (None, workspace_id)


class Access:
    """The keys of the console and what hangs on them.

    Args:
        keys: checked already (:meth:`ConsoleKeys.check`).
        pages: that consoles share.
    """

    def __init__(self, keys: ConsoleKeys, pages: "SharedPages") -> None:
        self.keys, self.pages = keys, pages

    def viewer(self, request: Request) -> Viewer:
        """Who sent the request.

        Raises:
            SignInWanted: no session, one that has expired, or one that was not made here.
        """
        found = tokens.read("session", request.cookies.get(COOKIE, ""), self.keys)
        if found is None or (found[1].is_development and not is_own_machine(request)):
            raise SignInWanted
        grant, entry = found
        workspace = grant.workspace or (None if entry.workspace == ANY_WORKSPACE else entry.workspace)
        name = f"link of {entry.name}" if grant.workspace else entry.name
        may_change = entry.role == "operator" and grant.workspace is None
        return Viewer(name, may_change, workspace, tokens.form_token(grant, entry))

    def operator(self, request: Request, fields: dict[str, str]) -> Viewer:
        """Who changes something.

        Args:
            fields: of the form.

        Raises:
            SignInWanted: nobody is signed in.
            Refusal: 403: a viewer, or a form that is not of this session.
        """
        viewer = self.viewer(request)
        self.check_form(request, fields, viewer.form_token)
        if not viewer.is_operator:
            raise Refusal(403, "A viewer changes nothing. Sign in with the key of an operator.")
        return viewer

    def check_form(self, request: Request, fields: dict[str, str], wanted: str) -> None:
        """Refuse a form that another site may have sent.

        Raises:
            Refusal: 403.
        """
        given = fields.get("form_token", "")
        same = bool(wanted) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode(errors="replace"))
        if not same or _is_of_another_site(request):
            raise Refusal(403, "This form is not of your session. Go back, load the page again, and send it once more.")

    def begin(self, response: Response, request: Request, grant: Grant, entry: ConsoleKey) -> None:
        """Begin a session: the browser keeps it in a cookie that no script reads."""
        set_cookie(
            response, request, COOKIE, tokens.signed("session", grant, entry), seconds=grant.expires_at - time.time()
        )


def new_grant(entry: ConsoleKey, seconds: float, workspace: str | None = None) -> Grant:
    """A grant from now on."""
    return Grant(entry.name, workspace, int(time.time() + seconds), secrets.token_urlsafe(16))


def set_cookie(response: Response, request: Request, name: str, value: str, *, seconds: float) -> None:
    """A cookie for the console alone. Its path is that of the page that sets it, also behind a proxy with a prefix."""
    secure = request.url.scheme == "https" or (settings().public_url or "").startswith("https:")
    response.set_cookie(
        name, value, max_age=max(int(seconds), 0), path=None, httponly=True, samesite="lax", secure=secure
    )


def is_own_machine(request: Request) -> bool:
    """Whether a request comes from this machine and by its own name: not by another machine, a proxy, or a name that
    somebody has pointed at it."""
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-forwarded-host")):
        return False
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        client = ipaddress.ip_address((request.client.host if request.client else "").partition("%")[0])
    except ValueError:
        return False
    return client.is_loopback and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_of_another_site(request: Request) -> bool:
    """By what a browser says of itself, where it says so."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    own = {request.headers.get("host"), urlsplit(settings().public_url or "").netloc or None}
    try:
        return urlsplit(origin).netloc not in own  # of a page without an origin, it is empty
    except ValueError:
        return True
