"""The TypeScript client: compiled by ``tsc``, typed by a catalogue, run by Node against the real gateway over HTTP.

Needs Node 20 or later (``tests/node_programs.py``).
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.database import Database
from tests.integration.gateway.conftest import OPEN_KEY, SECRET, SIGNED_KEY
from tests.integration.gateway.events import stored_events
from tests.integration.gateway.flaky import NO_ANSWER, Flaky, flaky

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "events" / "clients" / "groundwork.ts"
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--target", "es2022")
BROWSER = ("--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable")
USE = """
import { Groundwork, GatewayAway, NotAGateway, Refused, type Outgoing } from "./groundwork.js";

export interface Events {
  "user/signed.up": { data: { workspaceId: string; userId: string } };
  "import/csv.confirmed": { data: { workspaceId: string; userId: string; importId: string; note?: string } };
}
export const client = new Groundwork<Events>({ url: "http://x", key: "k" });
export const any = () => new Groundwork({ url: "http://x", key: "k" }).send("anything/at.all", { a: 1 });
export const good: Outgoing<Events>[] = [{ name: "user/signed.up", data: { workspaceId: "a", userId: "b" }, id: "x" }];
export const errors = [GatewayAway, NotAGateway, Refused];
"""
WRONG = {
    "a name that is none": 'client.send("user/signed.op", { workspaceId: "a", userId: "b" })',
    "a field that is none": 'client.send("user/signed.up", { workspaceId: "a", userId: "b", more: 1 })',
    "a field that is missing": 'client.send("user/signed.up", { workspaceId: "a" })',
    "a field of another type": 'client.send("user/signed.up", { workspaceId: "a", userId: 1 })',
    "the data of another event": (
        'client.sendMany([{ name: "import/csv.confirmed", data: { workspaceId: "a", userId: "b" } }])'
    ),
}


@pytest.fixture(scope="module")
def tsc(node_programs: Path) -> str:
    """The compiler."""
    return str(node_programs / "node_modules" / ".bin" / "tsc")


def compiled(tsc: str, folder: Path, *options: str) -> str:
    """What the compiler says of all files in a folder."""
    files = [str(each) for each in folder.glob("*.ts")]
    return subprocess.run([tsc, *STRICT, *options, *files], capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def folder(tsc: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client as a module for Node."""
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copy(CLIENT, folder)
    (folder / "use.ts").write_text(USE)
    assert compiled(tsc, folder, *BROWSER) == ""
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.fixture
def proxy(gateway_url: str, db: Database) -> Iterator[Flaky]:
    with flaky(gateway_url) as server:
        yield server


@pytest.fixture
def run(folder: Path) -> Callable[..., Any]:
    """Run statements in Node, with ``client`` made of the options; gives what they return, or the error."""

    def runner(statements: str, **options: Any) -> Any:
        program = f"""
            import {{ Groundwork }} from "{folder}/groundwork.js";
            const told = {{}};
            try {{
              const client = new Groundwork({json.dumps({"firstPause": 10, "key": OPEN_KEY} | options)});
              told.value = await (async () => {{ {statements} }})();
            }} catch (error) {{
              told.error = {{ name: error.name, text: String(error), status: error.status, details: error.details }};
            }}
            console.log(JSON.stringify(told));
        """
        done = subprocess.run(
            ["node", "--input-type=module", "-e", program], capture_output=True, text=True, timeout=60, check=True
        )
        told = json.loads(done.stdout)
        return told["error"] if "error" in told else told.get("value")

    return runner


DATA = '{ workspaceId: "acme", userId: "bob" }'


@pytest.mark.parametrize("what", WRONG)
def test_what_the_catalogue_does_not_say_does_not_compile(tsc: str, tmp_path: Path, what: str):
    shutil.copy(CLIENT, tmp_path)
    (tmp_path / "use.ts").write_text(USE + f"\nexport const wrong = () => {WRONG[what]};\n")
    told = compiled(tsc, tmp_path, *BROWSER, "--noEmit")
    assert told.count("error TS") == 1
    assert "use.ts" in told


def test_an_event_is_sent_and_its_state_asked_for(run, gateway_url: str, db: Database):
    send = f'await client.send("user/signed.up", {DATA}, {{ id: "signed-up-bob" }})'
    first, again, name = run(
        f"const a = {send}; const b = {send}; return [a, b, (await client.status(a.eventId)).name];", url=gateway_url
    )
    assert first == again
    assert (first["id"], name) == ("signed-up-bob", "user/signed.up")
    assert stored_events() == 1


def test_requests_are_signed_where_there_is_a_secret(run, gateway_url: str, db: Database):
    event = f'return await client.send("user/signed.up", {{ ...{DATA}, userId: "zoë-日本" }});'
    assert run(event, url=gateway_url, key=SIGNED_KEY, secret=f"{SECRET}, whsec_old")["eventId"]
    assert run(event, url=gateway_url, key=SIGNED_KEY)["status"] == 401


def test_many_events_go_in_few_requests_and_in_order(run, proxy: Flaky):
    many = f'Array.from({{ length: 2500 }}, (_, n) => ({{ name: "user/signed.up", data: {DATA}, id: `e${{n}}` }}))'
    receipts = run(f"return await client.sendMany({many});", url=proxy.url)
    assert [each["id"] for each in receipts] == [f"e{number}" for number in range(2_500)]
    assert len({each["eventId"] for each in receipts}) == stored_events() == 2_500
    assert [len(json.loads(body)) for _, body in proxy.seen] == [1_000, 1_000, 500]


@pytest.mark.parametrize("faults", [[503], [NO_ANSWER], [NO_ANSWER, 429, NO_ANSWER]], ids=str)
def test_what_fails_on_the_way_is_sent_again_with_the_same_ids_and_stored_once(run, proxy: Flaky, faults: list[Any]):
    proxy.faults.extend(faults)
    sent = run(f'return await client.send("user/signed.up", {DATA});', url=proxy.url, key=SIGNED_KEY, secret=SECRET)
    assert sent["eventId"]
    assert stored_events() == 1
    assert len(proxy.seen) == len(faults) + 1
    assert len({(headers["webhook-id"], body) for headers, body in proxy.seen}) == 1


def test_a_refusal_names_the_field_and_is_not_tried_again(run, proxy: Flaky):
    error = run('return await client.send("user/signed.up", { workspaceId: "acme", userID: "bob" });', url=proxy.url)
    assert (error["name"], error["status"]) == ("Refused", 422)
    assert {each["pointer"] for each in error["details"]} == {"/0/data/userId", "/0/data/userID"}
    assert "did you mean 'userId'" in error["text"]
    assert (len(proxy.seen), stored_events()) == (1, 0)


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_what_is_no_gateway_is_told_apart_and_no_redirect_is_followed(run, proxy: Flaky, status: int):
    proxy.faults.append(status)
    assert run(f'return await client.send("user/signed.up", {DATA});', url=proxy.url)["name"] == "NotAGateway"
    assert len(proxy.seen) == 1


def test_after_all_tries_it_is_told(run, proxy: Flaky):
    error = run(f'return await client.send("user/signed.up", {DATA});', url="http://127.0.0.1:1", tries=2)
    assert error["name"] == "GatewayAway"
    assert "2 tries" in error["text"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"key": "the-secret-key\n"}, "key: visible ASCII"),
        ({"key": ""}, "key: visible ASCII"),
        ({"secret": "whsec_%%%"}, "secret: whsec_ and base64"),
        ({"url": "jobs.example.com"}, "url: http:// or https://"),
        ({"url": "https://u:the-secret-key@x"}, "url: http:// or https://"),
    ],
)
def test_options_that_cannot_be_are_refused_without_a_secret_in_the_text(run, options: dict[str, str], told: str):
    error = run("return 1;", **({"url": "http://x"} | options))
    assert told in error["text"]
    assert "the-secret-key" not in error["text"]
    assert "%%%" not in error["text"]


def test_numbers_that_json_has_not_are_refused_by_name(run):
    error = run('return await client.send("a/b.c", { cents: NaN });', url="http://127.0.0.1:1")
    assert error["text"] == "RangeError: cents: NaN is not in JSON"
