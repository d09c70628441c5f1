"""The catalogue's page: what it holds, and what a browser may do with it. Chromium opens it in those of integration."""

import asyncio
import base64
import hashlib
import re

import httpx

from groundwork.blocks.console_keys import ConsoleKeys
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.deployments.gateway.app import create_app
from groundwork.events.catalogue import event_types

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def got(accept: dict[str, str]) -> httpx.Response:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(IngestKeys(), ConsoleKeys()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/catalogue", headers=accept)

    return asyncio.run(get())


def test_a_browser_gets_a_page_that_tells_nothing_without_a_key():
    page = got(BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not [each for each in event_types() if each in page.text.replace("user/signed.up", "")]
    assert not re.findall(r"https?://|src=|@import|url\(|innerHTML|insertAdjacent|eval", page.text)


def test_its_policy_lets_run_what_is_its_own_and_nothing_else():
    page = got(BROWSER)
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    for kind in ("script", "style"):
        [content] = re.findall(rf"<{kind}>(.*?)</{kind}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy.pop(f"{kind}-src") == f"'sha256-{digest}'"
    assert policy.pop("connect-src") == "'self'"
    assert policy.pop("img-src") == "data:"  # the icon, which is nothing
    assert set(policy.values()) == {"'none'"}
    assert set(policy) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    assert page.headers["vary"] == "Accept"


def test_a_program_still_needs_a_key():
    assert got({"Accept": "*/*"}).status_code == 401
