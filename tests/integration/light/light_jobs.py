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


class CallWanted(Event, name="test/light-call.wanted"):
    """Of a job that is no light one, which each test registers for itself."""


@step(retries=2, first_delay=0.01)
def write_note(number: int, part: str) -> str:
    name = f"{number}-{part}"
    calls.append(name)
    if trouble := troubles.get(name):
        trouble()
    if gate := gates.get(name):
        gate.wait(30)
    return name


@step(retries=0, timeout=0.2)
def dawdle(number: int) -> int:
    while True:
        time.sleep(0.01)


@step(retries=0, provider=True)
def ask_provider(number: int, part: int) -> int:
    calls.append(f"begin-{part}")
    time.sleep(0.2)
    calls.append(f"end-{part}")
    return part


@step(key=("number",))
def write_much(number: int) -> str:
    calls.append("much")
    if trouble := troubles.get("much"):
        trouble()
    return "x" * 100_000


@job(on=NoteWanted, light=True)
def light_note(event: NoteWanted) -> list[str]:
    first = write_note(event.number, "first")
    if event.text == "dawdle":
        dawdle(event.number)
    if event.text == "ask":
        ask_provider.map([event.number] * 6, range(6)).result()
    if event.text == "much":
        return [str(len(write_much(event.number))), write_note(event.number, "second")]
    return [first, write_note(event.number, "second")]


@job(on=BellWanted, light=True, interactive=True)
def light_bell(event: BellWanted) -> str:
    return write_note(event.number, "bell")


class HangWanted(Event, name="test/light-hang.wanted"):
    pass


@job(on=HangWanted, light=True, timeout=2)
def light_hang(event: HangWanted) -> None:
    time.sleep(60)
