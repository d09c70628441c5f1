"""Lists of Prefect's integrations, as they came with its package.

Prefect's server fetches them from a code host on the internet, for pages of its UI and for `prefect work-pool create`.
Nothing is to leave the machine, and where nothing can, each such page would wait for a name that is not found.
"""

import json
from pathlib import Path

from prefect.server.api import collections
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/collections/views/"
FOLDER = Path(collections.__file__).parent / "collections_data" / "views"
"""Where Prefect itself looks when it has no network."""


class ShippedCollections:
    """ASGI middleware that answers for the lists from Prefect's package, and never from elsewhere.

    Args:
        app: the server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._views = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        name = scope["path"].removeprefix(PATH).rstrip("/")
        if name in self._views:
            await JSONResponse(self._views[name])(scope, receive, send)
        else:
            refusal = f"View {name} did not come with Prefect, and this server fetches nothing."
            await JSONResponse({"detail": refusal}, 404)(scope, receive, send)
