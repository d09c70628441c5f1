"""Light jobs that say what their steps do, in a file, and that misbehave when they are told to."""

import ctypes
import os
import time
from pathlib import Path

from groundwork.blocks.applications import Application
from groundwork.events.base import Event
from groundwork.events.inbox import running_attempt
from groundwork.flows.job import job
from groundwork.tasks.step import step

application = Application(name="light", jobs=__name__, events=__name__)


class WalkWanted(Event, name="chaos/walk.wanted"):
    """Three steps of some length."""

    number: int
    folder: str
    seconds: float = 0.0
    trouble: str = ""


class AlertWanted(Event, name="chaos/light-alert.wanted"):
    """Something that somebody waits for."""

    number: int
    folder: str


class CrawlWanted(Event, name="chaos/crawl.wanted"):
    """A body that may hang."""

    number: int
    folder: str
    seconds: float = 0.0


def note(folder: str, line: str) -> None:
    """One line, whoever else writes."""
    descriptor = os.open(Path(folder) / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


@step(key=("number", "part"))
def pace(folder: str, number: int, part: int, seconds: float) -> int:
    note(folder, f"{number} {part} {os.getpid()} {running_attempt().token}")
    time.sleep(seconds)
    return part


@step(key=("number",), retries=0)
def stumble(folder: str, number: int, trouble: str) -> int:
    note(folder, f"{number} stumbles {os.getpid()} {running_attempt().token}")
    if trouble == "crash":
        os._exit(1)
    if trouble == "hold":
        # No other thread of the process runs meanwhile, as in a call of a C library that does not let go.
        ctypes.PyDLL(None).sleep(6)
    return number


@job(on=WalkWanted, light=True, lane=1000)
def light_walk(event: WalkWanted) -> int:
    if event.trouble:
        return stumble(event.folder, event.number, event.trouble)
    return sum(pace(event.folder, event.number, part, event.seconds) for part in (1, 2, 3))


@job(on=AlertWanted, light=True, lane=1000, interactive=True)
def light_alert(event: AlertWanted) -> int:
    return pace(event.folder, event.number, 1, 0.0)


@job(on=CrawlWanted, light=True, lane=1000, timeout=2)
def light_crawl(event: CrawlWanted) -> int:
    return pace(event.folder, event.number, 1, event.seconds)
