"""A job whose step takes longer than a lease, in one way or another."""

import ctypes
import os
import time
from pathlib import Path

from groundwork.events.base import Event
from groundwork.events.inbox import running_attempt
from groundwork.flows.job import job
from groundwork.tasks.step import step


class LongWorkWanted(Event, name="test/long-work.wanted"):
    """``how``: ``holding`` the interpreter, or ``sleeping`` in the first attempt only."""

    folder: str
    seconds: int
    how: str


@step
def work_long(event: LongWorkWanted) -> None:
    attempt = running_attempt().token
    with (Path(event.folder) / "begun").open("a") as log:
        log.write(f"{os.getpid()}\n")
    if event.how == "holding":
        # As a call of a C library that does not let go: no other thread of the process runs meanwhile.
        ctypes.PyDLL(None).sleep(event.seconds)
    elif attempt == 1:
        time.sleep(event.seconds)


@job(on=LongWorkWanted, lane=5)
def long_work(event: LongWorkWanted) -> int:
    work_long(event)
    return running_attempt().token
