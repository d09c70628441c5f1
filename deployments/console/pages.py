"""Pages: templates with everything escaped, and a policy by which a browser runs the console's own script alone."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prefect.utilities.urls import url_for

from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings
from groundwork.blocks.words import counted
from groundwork.deployments.console.access import Viewer
from groundwork.events.inbox.short_ids import short_id

FOLDER = Path(__file__).parent


def page(request: Request, name: str, viewer: Viewer | None, status: int = 200, **context: Any) -> HTMLResponse:
    """A page.

    Args:
        name: of its template.
        viewer: None where nobody is signed in.
        context: what the template shows; whatever it is, it is shown as text.
    """
    up = up_from(request)
    html = (
        _templates()
        .get_template(f"{name}.html.j2")
        .render(viewer=viewer, up=up, here=request.url.path, assets=asset_marks(), **context)
    )
    return HTMLResponse(html, status, headers=headers())


def see(request: Request, target: str) -> RedirectResponse:
    """Lead the browser to another page after a form.

    Args:
        target: relative to ``/console/``.
    """
    return RedirectResponse(up_from(request) + target, 303, headers={"Cache-Control": "no-store"})


def up_from(request: Request) -> str:
    """The way from a page up to ``/console/``, which holds behind a proxy with a prefix too."""
    below = request.scope["path"].partition("/console")[2]
    return "../" * (below.count("/") - 1) if below else "console/"


def headers() -> dict[str, str]:
    """What every page tells browsers."""
    frames = " ".join(settings().console_frame_origins.split()) or "'none'"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
            f"form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


@process_cache
def asset_marks() -> dict[str, str]:
    """What tells one version of a file from the next, by the file's name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in (FOLDER / "assets").iterdir()}


@process_cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "short": short_id,
        "seconds": seconds,
        "moment": moment,
        "ago": ago,
        "counted": counted,
        "size": size,
    }
    environment.globals["run_url"] = run_url
    return environment


def run_url(flow_run_id: UUID) -> str | None:
    """The page of a run in Prefect."""
    return url_for("flow-run", obj_id=flow_run_id)


def seconds(value: float | None) -> str:
    """A span of time: ``0.12 s``, ``3.4 s``, ``5 min``, ``2 h``, ``3 d``."""
    if value is None:
        return "–"
    value = max(value, 0.0)
    if value < 60:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    for most, unit, name in ((3600, 60, "min"), (2 * 86400, 3600, "h")):
        if value < most:
            return f"{value / unit:.0f} {name}"
    return f"{value / 86400:.0f} d"


def moment(at: datetime) -> str:
    """A time as people read it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def ago(at: datetime) -> str:
    """How long ago something was."""
    return seconds((datetime.now(UTC) - at).total_seconds())


def size(number: int | None) -> str:
    """Bytes as people read them."""
    if number is None:
        return "–"
    for unit in ("bytes", "kB"):
        if number < 10_000:
            return f"{number:,} {unit}"
        number //= 1000
    return f"{number:,} MB"
