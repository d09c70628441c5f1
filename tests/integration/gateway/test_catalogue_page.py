"""The catalogue as people see it, in a real browser, and as programs go on getting it."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from groundwork.blocks.database import Database
from groundwork.events.catalogue import event_types
from tests.factories import register_job
from tests.integration.browser import Tab, browser
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY
from tests.integration.gateway.events import stored_events

CONFIRMED = "import/csv.confirmed"


def test_programs_get_json_as_before(client: httpx.Client):
    for accept in ("*/*", "application/json", "application/json, text/html"):
        answer = client.get("/catalogue", headers={"Accept": accept})
        assert "Accept" in answer.headers["vary"]
        assert {each["name"] for each in answer.json()["events"]} == set(event_types())
    assert httpx.get(str(client.base_url.join("/catalogue"))).status_code == 401


def test_every_example_is_accepted_as_it_stands(client: httpx.Client):
    events = client.get("/catalogue").json()["events"]
    sent = [{"name": each["name"], "data": each["example"]} for each in events if each["example"] is not None]
    answer = client.post("/events", json=sent)
    assert (answer.status_code, stored_events()) == (202, len(event_types())), answer.text


@pytest.fixture
def tab(gateway_url: str, db: Database, tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path / "profile") as tab:
        yield tab


def enter(tab: Tab, key: str) -> None:
    tab.evaluate("document.getElementById('key').focus()")
    tab.type(key)
    tab.press_enter()


def text_of(tab: Tab, selector: str) -> str:
    return str(tab.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))


def test_a_newcomer_finds_an_event_its_fields_its_jobs_and_an_example_that_works(
    tab: Tab, gateway_url: str, db: Database, tmp_path: Path
):
    register_job(db)
    tab.open(f"{gateway_url}/catalogue#{CONFIRMED}")
    enter(tab, "wrong-key")
    tab.wait("document.getElementById('said').innerText.includes('does not know')")
    enter(tab, OPEN_KEY)
    tab.wait("document.querySelectorAll('#events details').length")
    assert text_of(tab, "#said") == f"{len(event_types())} events"
    assert tab.evaluate("document.querySelector('#events details[open]').id") == CONFIRMED
    told = text_of(tab, "#events details[open]")
    for words in ("A person uploaded a CSV", "workspaceId", "importId", "options.", "process-csv", "one run at once"):
        assert words in told, told
    for width, dark in ((1100, True), (390, True), (390, False), (1100, False)):
        tab.seen(width=width, dark=dark)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if shots := os.environ.get("SCREENSHOTS"):
            tab.screenshot(Path(shots) / f"catalogue-{width}-{'dark' if dark else 'light'}.png")

    [sent] = re.findall(r"-d '(.*?)'\n", text_of(tab, "#events details[open] pre") + "\n", re.DOTALL)
    answer = httpx.post(f"{gateway_url}/events", json=json.loads(sent), headers={"Authorization": f"Bearer {OPEN_KEY}"})
    assert answer.status_code == 202, answer.text

    tab.evaluate("document.getElementById('filter').focus()")
    tab.type("User/signed")
    tab.wait("document.getElementById('said').innerText === '1 event'")
    assert tab.complaints() == []
    asked = {each.split("#")[0] for each in tab.requested()} - {"data:,"}
    assert asked == {f"{gateway_url}/catalogue"}


def test_the_key_is_kept_nowhere_and_gone_with_a_click(tab: Tab, gateway_url: str):
    tab.open(f"{gateway_url}/catalogue")
    enter(tab, RESTRICTED_KEY)
    tab.wait("document.querySelectorAll('#events details').length")
    assert tab.evaluate(
        "[...document.querySelectorAll('#events details')].every(each => each.id.startsWith('import/'))"
    )
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state])"
    assert RESTRICTED_KEY not in tab.evaluate(kept)
    assert RESTRICTED_KEY not in tab.evaluate("document.documentElement.outerHTML")
    assert tab.evaluate("document.getElementById('key').value") == ""
    assert not [each for each in tab.requested() if RESTRICTED_KEY in each]
    tab.evaluate("document.getElementById('forget').click()")
    assert tab.evaluate("document.querySelectorAll('#events details').length") == 0
    tab.call("Page.reload")
    tab.wait("document.readyState === 'complete' && document.getElementById('ask')")
    assert tab.evaluate("document.querySelectorAll('#events details').length") == 0


def test_what_the_catalogue_says_is_text(tab: Tab, gateway_url: str, monkeypatch: pytest.MonkeyPatch):
    evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    monkeypatch.setattr(event_types()[CONFIRMED], "__doc__", evil)
    tab.open(f"{gateway_url}/catalogue")
    enter(tab, OPEN_KEY)
    tab.wait("document.querySelectorAll('#events details').length")
    assert "<img src=x" in tab.evaluate(f"document.getElementById({json.dumps(CONFIRMED)}).textContent")
    assert tab.evaluate("document.querySelectorAll('#events img, #events script').length") == 0
    assert tab.evaluate("document.title") == "Event catalogue"
