"""``groundwork jobs``."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, inbox
from groundwork.deployments.commands.tables import table

if TYPE_CHECKING:
    from groundwork.events.inbox.job_overview import JobGlance

_HEADINGS = ("job", "on", "queued", "running", "ended 1 h", "failed", "wait p50", "p95", "run p50", "p95", "dead", "")
_TEXTS = (0, 1, 11)
"""Columns of text, which begin at the left; the others are numbers."""


def jobs(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every job: what it holds, and how its deliveries of the last hour fared.

    A number with a + is at least that; times are of the last 1,000 deliveries of each job.

    Example:

      groundwork jobs
    """
    with inbox(home) as connection:
        from pydantic.alias_generators import to_camel

        from groundwork.events.inbox.job_overview import job_overview

        found = job_overview(connection)
    if as_json:
        shown = [{to_camel(name): each for name, each in asdict(job).items()} for job in found]
        print(json.dumps({"jobs": shown}))
        return
    print(table([_HEADINGS, *(_row(each) for each in found)], _TEXTS) if found else "no job was deployed yet")


def _row(job: "JobGlance") -> tuple[str, ...]:
    from groundwork.events.inbox.job_overview import COUNT_TO

    def upto(number: int) -> str:
        return f"{number:,}+" if number >= COUNT_TO else f"{number:,}"

    def seconds(value: float | None) -> str:
        return "" if value is None else f"{value:.2f} s"

    why = "gone from the code" if job.retired else "paused" if job.paused else job.held_because or ""
    return (
        job.name, job.event_name, upto(job.queued), upto(job.running), upto(job.ended),
        f"{100 * job.failed / job.ended:.1f} %" if job.ended else "", seconds(job.wait_p50), seconds(job.wait_p95),
        seconds(job.run_p50), seconds(job.run_p95), upto(job.dead), printable(why),
    )  # fmt: skip
