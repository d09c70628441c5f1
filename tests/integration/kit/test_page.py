"""What ``docs/testing-your-jobs.md`` shows, and what the kit says to somebody who errs, in a stranger's pytest."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "testing-your-jobs.md"
_BLOCK = re.compile(r"^```(?:python|ini|jinja)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PATH = re.compile(r"(?:# |\{# )([\w/.]+)(?: #\})?\n")
STRANGER = """
import asyncio

from groundwork.blocks.errors import RetryAfter
from groundwork.tasks.step import step
from shop.events import OrderPlaced, ParcelDue, StockCounted
from groundwork.events.base import Event
from groundwork.flows.job import job

ORDER = OrderPlaced(workspace_id="acme", user_id="ada", order_id="o-1", total=1)


class NobodyCares(Event, name="shop/nobody.cares"):
    pass


def test_the_inbox_is_clean_however_the_test_before_ended(groundwork):
    assert groundwork.sent(OrderPlaced) == groundwork.sent(ParcelDue) == groundwork.drain() == groundwork.outbox() == []


def test_it_ran_in_this_process_and_nobodys_database_was_in_reach(groundwork):
    import os

    assert "nobody.invalid" not in os.environ["GROUNDWORK_DATABASE_URL"]
    assert "GROUNDWORK_SMTP_URL" not in os.environ
    assert groundwork.database.conninfo.count("nobody.invalid") == 0


def test_a_job_of_the_test_itself(groundwork):
    @job(on=StockCounted)
    def test_the_stock(event):
        return event.left

    [outcome] = [groundwork.run_now(StockCounted(workspace_id="acme", left=3), job="test-the-stock")]
    assert outcome.result == 3


def test_a_job_may_be_async_and_so_may_the_test(groundwork):
    @step
    async def count(left):
        await asyncio.sleep(0)
        if left == 5:
            raise RetryAfter("later", seconds=200)
        return left

    @job(on=StockCounted)
    async def count_both(event):
        return await asyncio.gather(count(event.left), count(event.left + 1))

    async def test(left):
        return groundwork.run_now(StockCounted(workspace_id="acme", left=left), job="count-both")

    groundwork.fail_step("count", times=2)
    assert asyncio.run(test(3)).result == [3, 4]
    assert asyncio.run(test(4)).last_error == "RetryAfter: later"


def test_misspelt_step(groundwork):
    groundwork.fail_step("charge-cart")


def test_no_listener(groundwork):
    groundwork.run_now(NobodyCares(workspace_id="acme"))


def test_several_listeners(groundwork):
    @job(on=OrderPlaced)
    def second_listener(event):
        return None

    groundwork.run_now(ORDER)


def test_job_of_another_event(groundwork):
    groundwork.run_now(ORDER, job="post-parcel")


def test_not_sent(groundwork):
    groundwork.run_now(ORDER, job="take-order")
    groundwork.assert_sent(ParcelDue, order_id="o-2")


def test_unknown_field(groundwork):
    groundwork.assert_sent(ParcelDue, oder_id="o-2")
"""


def files_of(page: Path) -> dict[str, str]:
    """The page's files. A block without a path goes on with the file before."""
    found: dict[str, str] = {}
    path = ""
    for block in _BLOCK.findall(page.read_text()):
        if match := _PATH.match(block):
            path = match[1]
            found[path] = block[match.end() :] if path.endswith(".j2") else block
        else:
            found[path] += "\n\n" + block
    return found


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """How each test of the page and of a stranger ended: None if it passed, else what pytest printed."""
    folder = tmp_path_factory.mktemp("stranger")
    for path, content in {**files_of(PAGE), "test_stranger.py": STRANGER}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("GROUNDWORK_", "PREFECT_"))}
    elsewhere = {
        "GROUNDWORK_DATABASE_URL": "postgresql://somebody@nobody.invalid/production",
        "GROUNDWORK_SMTP_URL": "smtp://nobody.invalid",
        "PREFECT_API_URL": "http://nobody.invalid/api",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--junitxml=report.xml", "-p", "no:cacheprovider"],
        cwd=folder,
        env=mine | elsewhere,
        capture_output=True,
        text=True,
        timeout=560,
    )
    report = folder / "report.xml"
    assert report.exists(), ended.stdout + ended.stderr
    return {case.get("name", ""): _said(case) for case in ElementTree.parse(report).iter("testcase")}


def _said(case: ElementTree.Element) -> str | None:
    faults = [each for each in case if each.tag in ("failure", "error")]
    return "\n".join(f"{each.get('message')}\n{each.text}" for each in faults) if faults else None


def test_each_example_of_the_page_passes(results: dict[str, str | None]):
    shown = re.findall(r"^def (test_\w+)", files_of(PAGE)["test_shop.py"], re.MULTILINE)
    assert len(shown) == 10
    assert {name: results[name] for name in shown} == dict.fromkeys(shown)


@pytest.mark.parametrize("passes", re.findall(r"^def (test_(?:the|it|a)_\w+)", STRANGER, re.MULTILINE))
def test_a_strangers_test_passes(results: dict[str, str | None], passes: str):
    assert results[passes] is None


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        ("test_misspelt_step", "unknown step 'charge-cart', did you mean 'charge-card'"),
        ("test_no_listener", "no job listens to shop/nobody.cares, so that run_now() has nothing to run. Jobs are "),
        ("test_several_listeners", "2 jobs listen to shop/order.placed: second-listener, take-order. Say which: "),
        ("test_job_of_another_event", "job post-parcel listens to shop/parcel.due, not to shop/order.placed"),
        ("test_not_sent", "no shop/parcel.due was sent with order_id='o-2'. What was sent:"),
        ("test_not_sent", "shop/parcel.due workspace_id='acme', order_id='o-1'  ← other order_id"),
        ("test_unknown_field", "ParcelDue has no field 'oder_id', did you mean 'order_id'"),
    ],
)
def test_an_error_says_what_to_do(results: dict[str, str | None], fails: str, message: str):
    said = results[fails]
    assert said is not None
    assert message in said
    # The test's own line is where pytest points, not the kit's.
    assert "/tests/kit/" not in said
