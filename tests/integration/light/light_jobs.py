"""Light jobs of the tests."""

import threading
import time
from collections.abc import Callable

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step

calls: list[str] = []
"""What steps were called, in order. Emptied by each test."""
gates: dict[str, threading.Event] = {}
"""What a step waits for before it returns."""
troubles: dict[str, Callable[[], object]] = {}
"""What a step does beside its work."""


class NoteWanted(Event, name="test/light-note.wanted"):
    number: int
    text: str = ""


class BellWanted(Event, name="test/light-bell.wanted"):
    number: int


@step(retries=2, first_delay=0.01)
def write_note(number: int, part: str) -> str:
    name = f"{number}-{part}"
    calls.append(name)
    if trouble := troubles.get(name):
        trouble()
    if gate := gates.get(name):
        gate.wait(30)
    return name


@job(on=NoteWanted, light=True, timeout=3)
def light_note(event: NoteWanted) -> list[str]:
    first = write_note(event.number, "first")
    if event.text == "slow":
        time.sleep(60)
    return [first, write_note(event.number, "second")]


@job(on=BellWanted, light=True, interactive=True)
def light_bell(event: BellWanted) -> str:
    return write_note(event.number, "bell")
