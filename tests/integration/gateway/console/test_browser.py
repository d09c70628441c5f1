"""The console in a real browser: by a person's hand, in dark and light, on a phone, for those who hear it read."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.database import Database
from tests.factories import scalar
from tests.integration.browser import Tab, browser
from tests.integration.gateway.conftest import OPERATOR_KEY
from tests.integration.gateway.console.inbox import JOB, Inbox, fill

CONTRAST = 4.5
"""What WCAG asks of text (AA)."""
_LOW_CONTRAST = """
(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parts(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const [one, other] = [light(parts(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < LEAST) low.push(`${element.outerHTML.slice(0, 60)} ${contrast.toFixed(2)}`);
  }
  return low;
})()
""".replace("LEAST", str(CONTRAST))


@pytest.fixture
def inbox(db: Database) -> Inbox:
    return fill(db)


@pytest.fixture
def tab(gateway_url: str, inbox: Inbox, tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path / "profile") as tab:
        yield tab


def focus(tab: Tab, selector: str) -> None:
    tab.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")


def go(tab: Tab, script: str, then: str) -> None:
    """Do something that leads to another page, and wait for what that page has."""
    tab.evaluate("document.body.dataset.old = 'old'")
    tab.evaluate(script)
    tab.wait(f"document.readyState === 'complete' && !document.body.dataset.old && !!({then})")


def click(tab: Tab, selector: str, then: str) -> None:
    go(tab, f"document.querySelector({json.dumps(selector)}).click()", then)


def sign_in(tab: Tab, url: str, page: str = "") -> None:
    tab.open(f"{url}/console{page}")
    focus(tab, "input[name=key]")
    tab.type(OPERATOR_KEY)
    tab.evaluate("document.body.dataset.old = 'old'")
    tab.press_enter()
    tab.wait("document.readyState === 'complete' && !document.body.dataset.old && !!document.querySelector('nav')")


def look(tab: Tab, name: str, **emulated: Any) -> None:
    """As a browser shows a page in light and dark, on a desk and on a phone."""
    for scheme in ("light", "dark"):
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for width in (1280, 390):
            tab.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
            )
            tab.wait(f"matchMedia('(prefers-color-scheme: {scheme})').matches && innerWidth === {width}")
            if shots := os.environ.get("SCREENSHOTS"):
                tab.screenshot(Path(shots) / f"console-{name}-{scheme}-{width}.png")
            assert tab.evaluate(_LOW_CONTRAST) == [], (name, scheme, width)
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} at {width}: {wide} wide"
    assert nameless(tab) == [], name


def foreign(tab: Tab, url: str) -> list[str]:
    """What was asked for that is not the console's; icons that Chromium itself has for its fields come as data."""
    return [each for each in tab.requested() if not each.startswith((f"{url}/console", "data:"))]


def nameless(tab: Tab) -> list[str]:
    """What can be used and has no name for those who hear the page read."""
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    used = (
        "button",
        "link",
        "textbox",
        "combobox",
        "spinbutton",
        "searchbox",
        "table",
        "navigation",
        "DisclosureTriangle",
    )
    return [
        str(each)
        for each in nodes
        if not each.get("ignored")
        and each.get("role", {}).get("value") in used
        and not each.get("name", {}).get("value", "").strip()
    ]


def test_a_person_signs_in_searches_replays_and_pauses(tab: Tab, gateway_url: str, inbox: Inbox, db: Database):
    sign_in(tab, gateway_url, f"/events/{inbox.evil}")
    assert tab.evaluate("location.pathname") == f"/console/events/{inbox.evil}"
    assert tab.evaluate("document.title") == "console/account.linked · Groundwork"

    click(tab, "nav a", "document.querySelectorAll('tbody tr').length === 18")
    focus(tab, "input[name=workspace]")
    tab.type("bolt")
    click(tab, ".search button", "document.querySelectorAll('tbody tr').length === 13")
    go(
        tab,
        "document.querySelector('select[name=state]').value = 'failed';"
        " document.querySelector('.search button').click()",
        "document.querySelectorAll('tbody tr').length === 1",
    )
    click(tab, "tbody a", "document.querySelector('.stages')")
    assert "ValueError: no file" in tab.evaluate("document.querySelector('pre.error').innerText")
    click(tab, "form.actions button", "!document.querySelector('form.actions')")
    assert scalar(db, "SELECT state FROM groundwork.delivery WHERE event_id = :id", id=inbox.dead[2]) == "queued"

    click(tab, "nav a[href$=dead]", "document.querySelectorAll('tbody tr').length === 2")
    click(tab, f"button[aria-label^='Discard … {JOB}']", "document.querySelector('button.bad')")
    assert tab.evaluate("document.querySelector('h1').innerText") == "Discard 2 dead letters?"
    click(tab, "button.bad", "document.querySelector('.told')")
    assert "Discarded 2 dead letters" in tab.evaluate("document.querySelector('.told').innerText")

    click(tab, "nav a[href$=lanes]", "document.querySelector('tbody')")
    click(tab, "form[action$='lanes/pause'] button", "document.querySelector('.state.paused')")
    click(tab, "nav a[href$=audit]", "document.querySelectorAll('tbody tr').length === 3")
    assert tab.complaints() == []
    assert foreign(tab, gateway_url) == []


def test_every_page_is_read_in_dark_and_light_on_a_desk_and_on_a_phone(tab: Tab, gateway_url: str, inbox: Inbox):
    tab.open(f"{gateway_url}/console/sign-in")
    look(tab, "sign-in")
    sign_in(tab, gateway_url)
    for name, path in (
        ("events", "events"),
        ("search", "events?field=importId&value=none"),
        ("event", f"events/{inbox.done}"),
        ("dead-event", f"events/{inbox.evil}"),
        ("lanes", "lanes"),
        ("dead", "dead"),
        ("jobs", "jobs"),
        ("catalogue", "catalogue"),
        ("audit", "audit"),
        ("nothing", "nothing"),
    ):
        tab.open(f"{gateway_url}/console/{path}")
        if name == "catalogue":
            tab.evaluate("document.querySelector('details').open = true")
        look(tab, name)
        assert tab.evaluate("document.title") != "run"
        assert tab.evaluate("document.querySelectorAll('h1').length") == 1
        assert tab.evaluate("document.querySelectorAll('img, main script').length") == 0
    assert tab.complaints() == []
    assert foreign(tab, gateway_url) == []


def test_what_a_page_shows_is_renewed_but_not_under_ones_hands(tab: Tab, gateway_url: str, inbox: Inbox, db: Database):
    from tests.factories import send_many

    sign_in(tab, gateway_url)
    tab.wait("document.getElementById('live').getAttribute('aria-pressed') === 'true'")
    send_many(db, "carla", 1)
    tab.wait("document.querySelectorAll('tbody tr').length === 19")
    tab.evaluate("document.getElementById('live').click()")
    assert tab.evaluate("document.getElementById('live').getAttribute('aria-pressed')") == "false"
    assert tab.complaints() == []
