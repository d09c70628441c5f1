"""``groundwork up --reload``: what is saved runs next, what cannot be imported is told, and what runs goes on."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY
from groundwork.events.client import GatewayClient
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

APPLICATION = Path(__file__).with_name("reloaded")
TAKEN_ON = "has the new code"


class Reloading(RunningStack):
    def command(self, *arguments: str) -> list[str]:
        return super().command(*arguments, *(("--reload",) if arguments[0] == "up" else ()))


class Shop:
    """A person who edits an application while it runs."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.client = GatewayClient(f"http://127.0.0.1:{stack.port}", DEVELOPMENT_EVENT_KEY)

    def save(self, old: str, new: str, file: str = "flows/greet.py") -> float:
        """Put something else into a file; when, by the monotonic clock."""
        path = self.folder / "shop_of_tests" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return time.monotonic()

    def greeted(self, timeout: float = 60) -> object:
        """What the job answers to an event that is sent now."""
        id = self.sent()
        return wait_until(lambda: self.result(id), timeout, what="the greeting")

    def sent(self, **data: object) -> UUID:
        return self.client.send_raw("shop-of-tests/guest.came", {"workspaceId": "acme"} | data)

    def result(self, id) -> object:
        [delivery] = self.client.status(id).deliveries
        assert delivery.state != "failed", delivery.last_error
        return delivery.result

    def told(self, text: str, since: int = 0, timeout: float = 60) -> str:
        """What the terminal says once it says this, since it had so many characters."""

        def said() -> str | None:
            found = self.stack.terminal.read_text()[since:]
            return found if text in found else None

        return wait_until(said, timeout, what=f"the terminal says {text!r}")

    def line_of(self, text: str) -> int:
        """Where something stands in the job's file."""
        return 1 + next(number for number, line in enumerate(self.file.read_text().splitlines()) if text in line)

    @property
    def file(self) -> Path:
        return self.folder / "shop_of_tests" / "flows" / "greet.py"

    @property
    def printed(self) -> int:
        return len(self.stack.terminal.read_text())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("reload") / "project"
    shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__"))
    settings = {
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "GROUNDWORK_APPLICATIONS": "shop_of_tests:application",
    }
    stack = Reloading(folder.parent / "home", settings, folder)
    with stack.running(end_by=signal.SIGINT):
        yield Shop(stack, folder)


@pytest.mark.as_written
@pytest.mark.timeout(600)
class TestReload:
    def test_the_next_event_runs_what_was_saved(self, shop: Shop):
        assert shop.greeted() == "hello"
        printed = shop.printed
        saved = shop.save('"hello"', '"good day"')
        shop.told(TAKEN_ON, printed)
        print(f"\nseconds from save to new code taking runs: {time.monotonic() - saved:.2f}")
        assert shop.greeted() == "good day"

    def test_code_that_cannot_be_imported_is_told_with_file_and_line_and_the_old_goes_on(self, shop: Shop):
        printed = shop.printed
        shop.save("def greet(", "def greet((")
        told = shop.told("The code from before goes on.", printed)
        assert f"{shop.file}:{shop.line_of('def greet((')}: SyntaxError" in told
        assert shop.greeted() == "good day"
        printed = shop.printed
        shop.save("def greet((", "def greet(")
        shop.told(TAKEN_ON, printed)
        printed = shop.printed
        shop.save("import job\n", "import job\n\nnothing_of_the_kind\n")
        told = shop.told("The code from before goes on.", printed)
        assert f"{shop.file}:{shop.line_of('nothing_of_the_kind')}: NameError" in told
        printed = shop.printed
        shop.save("nothing_of_the_kind\n", "")
        shop.save('"good day"', '"welcome"')
        shop.told(TAKEN_ON, printed)
        assert shop.greeted() == "welcome"

    def test_a_run_under_way_ends_in_the_code_that_it_began_with(self, shop: Shop):
        gate = shop.folder / "gate"
        slow = shop.sent(gate=str(gate))
        wait_until(lambda: gate.with_suffix(".waits").exists(), 60, what="the run waits")
        printed = shop.printed
        shop.save('"welcome"', '"come in"')
        shop.told(TAKEN_ON, printed)
        assert shop.greeted() == "come in"
        gate.touch()
        assert wait_until(lambda: shop.result(slow), 60) == "welcome"

    def test_a_new_field_of_an_event_is_taken_by_the_gateway_and_the_form_in_prefect_has_it(self, shop: Shop):
        printed = shop.printed
        field = '    name: str = Field("", description="Who came.")\n'
        shop.save("    gate:", f"{field}    gate:", "events/guest.py")
        shop.told("reload     guest.py", printed)
        shop.save('"come in"', 'f"come in, {event.name}"')

        def greeted() -> bool:
            id = shop.sent(name="Ada")
            return wait_until(lambda: shop.result(id), 60) == "come in, Ada"

        wait_until(greeted, 60)
        deployment = shop.stack.ask_prefect("/deployments/name/greet/greet", method="GET")
        assert "name" in deployment["parameter_openapi_schema"]["properties"]
