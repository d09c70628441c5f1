"""``GET`` and ``POST /unsubscribe/{token}``: turn a kind of mail off by the link in it, without signing in.

GET only asks: programs that look through mails follow every link. POST does it, sent by the page's button or, for the
header ``List-Unsubscribe-Post``, by the mail program itself (RFC 8058).
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import process_cache
from groundwork.notifications.unsubscribe import PURPOSE, Unsubscription

router = APIRouter(prefix=f"/{PURPOSE}")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/{token}")
def ask(token: str) -> HTMLResponse:
    """A page with a button. Changes nothing."""
    link = Unsubscription.read(token)
    return _page("ask", link.kind.words) if link else _page("unknown")


@router.post("/{token}")
def turn_off(token: str) -> HTMLResponse:
    """Turn the mails off. A repeat answers alike, and so does a link of a user who is gone."""
    link = Unsubscription.read(token)
    if link is None:
        return _page("unknown")
    with database().transaction() as connection:
        link.apply(connection)
    return _page("done", link.kind.words)


def _page(state: str, words: str = "") -> HTMLResponse:
    status = 404 if state == "unknown" else 200
    return HTMLResponse(_template().render(state=state, words=words), status, headers=_HEADERS)


@process_cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("unsubscribe.html.j2")
