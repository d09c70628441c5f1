"""Pages that many consoles renew at once: made once, and shown to all who would see the same."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from groundwork.deployments.console.access import Viewer
from groundwork.deployments.console.pages import headers

LIVE_HEADER = "x-groundwork-live"
"""What the console's script says when it renews a page. A person who opens one gets it as it is now."""
FRESH_SECONDS = 2.5
"""How old a page may be that is shown to others who renew theirs. Too short: each console costs its own queries, and
those who send events wait for them. Too long: what is shown is late."""
MOST_PAGES = 64
"""Pages that are kept, at most."""
_TOKEN = "\x00form-token\x00"  # noqa: S105 - the opposite of a token
"""Stands for the token of a session in what is kept; no page has such characters."""

Key = tuple[str, str, tuple[str, bool, str | None]]


@dataclass
class _Kept:
    made: asyncio.Lock = field(default_factory=asyncio.Lock)
    at: float = float("-inf")
    body: str = ""


class SharedPages:
    """The pages of one gateway. Used by its event loop alone."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, _Kept] = OrderedDict()

    def forget(self) -> None:
        """Somebody has changed something: whoever looks next sees it."""
        self._pages.clear()

    async def shown(self, request: Request, viewer: Viewer, make: Callable[[], Awaitable[Response]]) -> Response:
        """A page for a console that renews itself: one that was just made for another one, or else made now.

        Args:
            viewer: what is shown hangs on who looks; the token of the session is put in for each.
            make: makes it for this viewer.
        """
        key = (request.scope["path"], request.url.query, (viewer.name, viewer.is_operator, viewer.workspace))
        kept = self._pages.setdefault(key, _Kept())
        self._pages.move_to_end(key)
        if len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        async with kept.made:
            if time.monotonic() - kept.at < FRESH_SECONDS:
                return HTMLResponse(kept.body.replace(_TOKEN, viewer.form_token), headers=headers())
            response = await make()
            if isinstance(response, HTMLResponse) and response.status_code == 200:
                kept.body = bytes(response.body).decode().replace(viewer.form_token, _TOKEN)
                kept.at = time.monotonic()
            return response
