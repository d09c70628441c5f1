"""Jobs of two work pools, which say by what kind of process they were started."""

import os

from groundwork.blocks.applications import Application
from groundwork.events.base import Event
from groundwork.flows.job import job


class SmallWanted(Event, name="test/small.wanted"):
    number: int


class HeavyWanted(Event, name="test/heavy-work.wanted"):
    number: int


def _parent() -> str:
    with open(f"/proc/{os.getppid()}/cmdline", "rb") as line:
        return line.read().decode().replace("\0", " ")


@job(on=SmallWanted, lane=10)
def do_small(event: SmallWanted) -> str:
    return _parent()


@job(on=HeavyWanted, lane=10, work_pool="heavy")
def do_heavy(event: HeavyWanted) -> str:
    return _parent()


application = Application(name="pools", jobs=__name__, events=__name__)
