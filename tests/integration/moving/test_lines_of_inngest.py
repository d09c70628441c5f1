"""What the guide from Inngest shows of theirs is what their package takes, and the functions of the move send what the
job here compares."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from groundwork.blocks.database import Database
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import serving
from tests.integration.moving.page import DOCS, Example, sections_of
from tests.node_programs import installed

SECTIONS = sections_of(DOCS / "moving-from-inngest.md")
THEIRS = {
    heading: "\n".join(block.content for block in blocks if block.language == "ts")
    for heading, blocks in SECTIONS.items()
    if any(block.language == "ts" for block in blocks)
}
BEFORE = """
import { Inngest, NonRetriableError, RetryAfterError } from "inngest";
declare const process: { env: Record<string, string | undefined> };
const inngest = new Inngest({ id: "shop" });
const charge = async (order: string) => `receipt of ${order}`;
const mail = async (to: string) => `mail to ${to}`;
const bank = async (card: string) => `paid by ${card}`;
const openTicket = async (list: string, error: string) => void [list, error];
const sync = async (contacts: string[]) => contacts.length;
const invoice = async (cents: number) => cents + Math.ceil((cents * 19) / 100);
export const used = [NonRetriableError, RetryAfterError, charge, mail, bank, openTicket, sync, invoice];
"""
OPTIONS = ("--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext")
RUN = """
import * as functions from "./one-job-moved.js";
const step = { run: (_, work) => work() };
for (const [name, event] of JSON.parse(process.argv[2])) await functions[name]["fn"]({ event, step });
"""
KEY = "key-of-those-who-move"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the page's lines as modules, compiled; and what the compiler said."""
    packages = installed() / "node_modules"
    folder = tmp_path_factory.mktemp("lines")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "inngest").symlink_to(packages / "inngest4")
    (folder / "package.json").write_text('{"type": "module"}')
    for heading, lines in THEIRS.items():
        (folder / f"{heading.lower().replace(' ', '-')}.ts").write_text(BEFORE + lines)
    command = ["node", str(packages / "typescript" / "bin" / "tsc"), *OPTIONS, *map(str, sorted(folder.glob("*.ts")))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    return folder, done.stdout + done.stderr


def test_each_of_their_lines_compiles_against_their_package(compiled: tuple[Path, str]) -> None:
    _, told = compiled
    assert told == ""
    assert len(THEIRS) == 19


@pytest.mark.usefixtures("prefect_api", "own_jobs")
def test_their_functions_copy_the_event_and_tell_what_they_did(
    compiled: tuple[Path, str], db: Database, own_module: dict[str, Any]
) -> None:
    """Each function is called as Inngest calls it, for each order; its client sends to a gateway."""
    folder, _ = compiled
    example = Example(db, own_module)
    imports, [shadow, *_] = (
        [block.content for block in SECTIONS[heading] if block.language == "python"]
        for heading in ("Moving from Inngest", "One job moved")
    )
    for code in (*imports, shadow):
        example.execute(code)
    orders = [
        {"workspaceId": "acme", "orderId": order, "cents": cents, "engine": engine}
        for order, cents, engine in (("o-1", 100, "inngest"), ("o-2", 150, "inngest"), ("o-3", 100, "groundwork"))
    ]
    events = [
        {"id": each["orderId"], "name": "shop/order.confirmed", "data": each, "ts": 1764028800000} for each in orders
    ]
    calls = [(name, each) for each in events for name in ("copyToGroundwork", "copyToGroundwork", "confirmOrder")]
    (folder / "run.js").write_text(RUN)
    keys = IngestKeys(entries=[IngestKey(name="moving", key=SecretStr(KEY), in_path=True)])
    with serving(create_app(keys)) as gateway:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("INNGEST_")}
        done = subprocess.run(
            ["node", "run.js", json.dumps(calls)],
            cwd=folder,
            env=mine | {"GROUNDWORK_URL": gateway, "GROUNDWORK_INNGEST_KEY": KEY},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    assert example.ends() == [
        "done      the same",
        "failed    NonRetriable: o-2: theirs is 179, ours 178",
        "done      mailed o-3: 119",
    ]
