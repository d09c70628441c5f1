"""What a newcomer copies from README and docs works as it is printed, with nothing prepared behind it."""

import json
import re
from email import message_from_bytes, policy

import httpx
import pytest

from tests.integration.newcomer.conftest import Newcomer
from tests.integration.newcomer.printed import PAGES, PROJECT, blocks, commands
from tests.waiting import wait_until

RUN_ELSEWHERE = ("make ", "groundwork up", "groundwork new ", "curl ")
"""Commands that install and test everything, the one that runs while all others are typed, and those of the program."""
UNTIL_CTRL_C = "timeout --preserve-status --signal=INT 4 "
OPEN = ("queued", "scheduled", "admitted", "running")
README = PROJECT / "README.md"

pytestmark = pytest.mark.as_written


def script_of(block: str) -> str:
    """A console block as a shell would get it, line by line, ending at the first command that fails."""
    lines = [
        UNTIL_CTRL_C + each.text if "--watch" in each.text.partition("#")[0] else each.text
        for each in commands(block)
        if not each.text.startswith(RUN_ELSEWHERE)
    ]
    return "\n".join(["set -e", *lines])


def test_the_links_in_the_mails_of_the_demo_work_while_up_runs(newcomer: Newcomer):
    [mail] = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in (newcomer.folder / ".groundwork" / "outbox").glob("*.eml")
        if b"demo-user@example.com" in path.read_bytes()
    ]
    links = re.findall(r"http://\S+/(?:downloads|unsubscribe)/[\w.-]+", mail.get_body(("plain",)).get_content())
    assert {link.split("/")[3] for link in links} == {"downloads", "unsubscribe"}
    for link in links:
        assert httpx.get(link).status_code == 200, link


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=lambda page: page.name)
def test_every_command_that_a_page_prints_succeeds_and_leaves_no_dead_letter(newcomer: Newcomer, page):
    # The other pages build on the README: its file of contacts, and what it has imported.
    pages = [page] if page == README or (newcomer.folder / "contacts.csv").exists() else [README, page]
    for block in [block for each in pages for block in blocks(each, "console")]:
        done = newcomer.types(script_of(block))
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    wait_until(lambda: not newcomer.deliveries(*OPEN), 90, "all has ended")
    assert newcomer.deliveries("failed") == []


def test_what_the_pages_leave_behind_holds_no_lane(newcomer: Newcomer):
    wait_until(lambda: not newcomer.deliveries(*OPEN), 90, "all has ended")
    assert newcomer.types("groundwork lanes").stdout == "no lane holds anything\n"
    assert newcomer.types("groundwork dead list").stdout == "no dead letters\n"


def test_a_sender_in_python_sends_what_the_page_of_the_gateway_says(newcomer: Newcomer):
    [code] = [each for each in blocks(PROJECT / "docs" / "gateway.md", "python") if "standardwebhooks" in each]
    user = "groundwork user add bob --workspace acme --email bob@example.com --name Bob"
    keys = "export GROUNDWORK_EVENT_KEY=development GROUNDWORK_SIGNING_SECRET=whsec_c2lnbmVkIGJ5IGEgbmV3Y29tZXI="
    sent = newcomer.types(f"set -e\n{user}\n{keys}\npython - <<'CODE'\n{code}print(response.text)\nCODE")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout.splitlines()[-1])["accepted"] == 1


def test_a_command_finds_the_home_from_a_folder_below(newcomer: Newcomer):
    below = newcomer.types("cd docs && groundwork dead list --json")
    assert json.loads(below.stdout) == {"deadLetters": []}
    assert not (newcomer.folder / "docs" / ".groundwork").exists()


def test_what_is_watched_does_not_fill_the_log_of_the_gateway(newcomer: Newcomer):
    log = newcomer.folder / ".groundwork" / "logs" / "gateway.log"
    before = log.stat().st_size
    script = "printf 'Email\\nada@example.com\\n' > one.csv && groundwork import one.csv --workspace watched --wait"
    done = newcomer.types(script)
    assert done.returncode == 0, done.stderr
    with log.open("rb") as file:
        file.seek(before)
        assert b"GET /events/" not in file.read()
