"""A page whose examples run as they stand, in its order, and end as it says."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prefect.client.schemas.schedules import CronSchedule
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from groundwork.testing.light import light_runs

DOCS = Path(__file__).resolve().parents[3] / "docs"
_DEFINING = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.Import, ast.ImportFrom)
_LONGEST_IDLE_ROUNDS = 40


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str
    content: str


def sections_of(page: Path) -> dict[str, list[Block]]:
    """The blocks of a page, by heading; what stands before the first heading goes by the name of the page."""
    found: dict[str, list[Block]] = {}
    for part in re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.M):
        heading = part.splitlines()[0].lstrip("# ")
        found[heading] = [Block(*each) for each in re.findall(r"^```(\w+)\n(.*?)^```$", part, re.S | re.M)]
    return found


class Example:
    """A section's blocks as they are run one after another, in one namespace."""

    def __init__(self, db: Database, namespace: dict[str, Any]) -> None:
        self.names = namespace
        self._db = db
        self._known = set(jobs())
        self._told: dict[Any, str] = {}

    def execute(self, code: str) -> None:
        """Run a block; what it defines is registered, as a deploy does, before the first statement that sends."""
        for statement in ast.parse(code).body:
            if not isinstance(statement, _DEFINING):
                self.deploy()
            module = ast.Module([statement], type_ignores=[])
            exec(compile(module, self.names["__name__"], "exec"), self.names)
        self.deploy()

    def deploy(self) -> None:
        """Register the jobs that are new."""
        with self._db.transaction() as connection:
            for name in set(jobs()) - self._known:
                register_job(connection, jobs()[name].registration)
                self._known.add(name)

    def ends(self) -> list[str]:
        """Run all that is due, and let time pass, until every delivery has ended; how those did that are news."""
        idle = 0
        with light_runs():
            while any(row.settled_at is None for row in self._deliveries()):
                due = admit(capacity=100)
                for each in due:
                    flow_of(each.job)(delivery_id=each.id, return_state=True)
                idle = 0 if due else idle + 1
                assert idle < _LONGEST_IDLE_ROUNDS, self._deliveries()
                if not due:
                    with self._db.transaction() as connection:
                        advance(connection, min(60 * 2**idle, 86_400))
        now = {row.id: f"{row.state:9} {row.last_error or row.result}" for row in self._deliveries()}
        news = [line for id, line in now.items() if self._told.get(id) != line]
        self._told = now
        return news

    def _deliveries(self) -> list[Any]:
        with self._db.transaction() as connection:
            return list(connection.execute(text("SELECT * FROM groundwork.delivery ORDER BY sequence")).all())


def told_otherwise(ended: list[str], outcome: str) -> Iterator[str]:
    """Where the page says something else than what has happened. Its ``…`` stands for anything."""
    lines = outcome.splitlines()
    if len(ended) != len(lines):
        yield f"the page has {len(lines)} lines, and {len(ended)} ended: {ended}"
    for line, expected in zip(ended, lines, strict=False):
        if not re.fullmatch(re.escape(expected).replace("…", ".*"), line):
            yield f"the page says {expected!r}, and it was {line!r}"


def run_section(example: Example, blocks: list[Block], others: dict[str, Callable[[str], None]]) -> list[str]:
    """Run a section's blocks in order.

    Args:
        others: what to do with blocks that are neither ``python`` nor ``text``, by language.

    Returns:
        Where the page says something else than what has happened.
    """
    faults: list[str] = []
    for block in blocks:
        if block.language == "python":
            example.execute(block.content)
        elif block.language == "text":
            faults += told_otherwise(example.ends(), block.content)
        elif block.language in others:
            others[block.language](block.content)
    return faults


def scheduled_run(example: Example) -> Callable[[str], None]:
    """Run the deployment that YAML wires, as its schedule does."""

    def run(document: str) -> None:
        [deployment] = yaml.safe_load(document)
        [schedule] = deployment["schedules"]
        assert CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        assert deployment["entrypoint"].endswith(f".{deployment['name'].replace('-', '_')}")
        flow_of(deployment["name"])(**schedule["parameters"], return_state=True)

    return run
