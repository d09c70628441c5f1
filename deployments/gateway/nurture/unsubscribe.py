"""``GET`` and ``POST /nurture/unsubscribe/{token}``: a contact ends the mails to it by the link in them.

Whoever has the link may: the token is signed, and says who. GET only asks, since programs that look through mails
follow every link. POST does it, sent by the page's button or by the mail program itself (RFC 8058).
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import process_cache
from groundwork.tasks.nurture.contacts.end_of_mails import read_unsubscribe_token, unsubscribe

router = APIRouter(prefix="/unsubscribe")

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
    return _page("ask" if read_unsubscribe_token(token) else "unknown")


@router.post("/{token}")
def end_mails(token: str) -> HTMLResponse:
    """End the mails. A repeat answers alike, and so does the link of a contact who is gone."""
    named = read_unsubscribe_token(token)
    if named is None:
        return _page("unknown")
    with database().transaction() as connection:
        unsubscribe(connection, *named)
    return _page("done")


def _page(state: str) -> HTMLResponse:
    status = 404 if state == "unknown" else 200
    return HTMLResponse(_template().render(state=state), status, headers=_HEADERS)


@process_cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("unsubscribe.html.j2")
