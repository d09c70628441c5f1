"""The catalogue as a page for people. It asks for a key, and has nothing to tell before it is given one."""

import base64
import hashlib
import re
from pathlib import Path

from fastapi.responses import HTMLResponse

from groundwork.blocks.process_cache import process_cache


def catalogue_page() -> HTMLResponse:
    """The page. Its script asks the gateway with the key, which it keeps in memory and sends nowhere else."""
    html, policy = _page()
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, headers=headers)


@process_cache
def _page() -> tuple[str, str]:
    """The page, and a policy by which a browser runs its own script and style, asks this gateway, and does no more."""
    html = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    own = {kind: _hash(html, kind) for kind in ("script", "style")}
    policy = (
        f"default-src 'none'; script-src '{own['script']}'; style-src '{own['style']}'; connect-src 'self'; "
        "img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _hash(html: str, kind: str) -> str:
    [content] = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
