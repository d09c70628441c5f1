"""Who may speak to Prefect's server: programs of this machine, and pages of its own UI.

Prefect's API has no password in development mode, and any page that a person opens can send requests to a port of the
loopback address. Cross-origin rules alone do not keep it out: a form post or an image is sent without asking first, and
a name that is rebound to 127.0.0.1 is no other origin at all.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundwork.blocks.errors import ConfigurationError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine for itself: those under which the UI is opened."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PROBES = ("/api/health", "/api/ready")
"""What supervisors ask, by whatever address they have. The answers tell nothing."""
_FOREIGN = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site that name another origin. Another port of this machine is the same site."""


def own_origins(port: int, further: Iterable[str] = ()) -> list[str]:
    """Origins of the UI.

    Args:
        port: of the server.
        further: origins at which people reach it through a proxy, such as ``https://prefect.example.com``.

    Raises:
        ConfigurationError: a further one is no origin.
    """
    origins = [_origin("http", host, port) for host in LOOPBACK]
    for each in further:
        parts = urlsplit(each.strip())
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path.strip("/"):
            raise ConfigurationError(
                f"PREFECT_SERVER_CORS_ALLOWED_ORIGINS has {each.strip()!r}, and `*` would let every web page start "
                "jobs. Name the origins of the UI, comma-separated, such as https://prefect.example.com."
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        origins.append(_origin(parts.scheme, host, parts.port or _DEFAULT_PORTS[parts.scheme]))
    return list(dict.fromkeys(origins))


def _origin(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


class OwnOriginOnly:
    """ASGI middleware that refuses requests and WebSockets of other pages, and those to another name.

    Args:
        app: the server.
        origins: of the UI (:func:`own_origins`). Programs, which send no origin, need one of their hosts as Host.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = frozenset(origin.partition("://")[2] for origin in self._origins)
        self._headers = _headers(self._origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "not from this origin"})
        else:
            await JSONResponse({"exception_message": refusal}, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        """Why the request is refused; None where it is not."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in _PROBES:
            return None
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return (
                "This server is not to be reached by that name. Use http://127.0.0.1, or name the origin in "
                "PREFECT_SERVER_CORS_ALLOWED_ORIGINS."
            )
        origins = _values(scope, b"origin")
        if origins:
            ours = len(origins) == 1 and origins[0].lower() in self._origins
        else:
            sites = _values(scope, b"sec-fetch-site")
            ours = not any(site in _FOREIGN for site in sites) or _is_link(scope)
        return None if ours else "Pages of another origin may not use this server."

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *self._headers]}
            await send(message)

        return sending


def _headers(origins: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """Headers that keep other pages from showing the UI in a frame, where a click on them is a click in it, and from
    loading answers as scripts or images; and that keep the UI from talking to others: it records what a person does in
    it, and would send that to an analytics company."""
    # The grammar of the policy has no IPv6 addresses.
    named = sorted(origin for origin in origins if "[" not in origin)
    sockets = [origin.replace("http", "ws", 1) for origin in named]
    policy = {
        "default-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"],
        "connect-src": ["'self'", "data:", "blob:", *named, *sockets],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    }
    return [
        (b"content-security-policy", "; ".join(" ".join([name, *values]) for name, values in policy.items()).encode()),
        (b"x-frame-options", b"SAMEORIGIN"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"same-origin"),
    ]


def _is_link(scope: Scope) -> bool:
    """Whether a person follows a link from elsewhere to a page of the UI."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and not scope["path"].startswith("/api")
        and _values(scope, b"sec-fetch-mode") == ["navigate"]
        and _values(scope, b"sec-fetch-dest") == ["document"]
    )


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key.lower() == name]
