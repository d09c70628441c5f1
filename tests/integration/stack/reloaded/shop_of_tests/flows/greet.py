"""Greets guests."""

import time
from pathlib import Path

from groundwork.flows.job import job
from shop_of_tests.events.guest import GuestCame


@job(on=GuestCame, lane=5)
def greet(event: GuestCame) -> str:
    """Greet whoever came."""
    if event.gate:
        Path(event.gate).with_suffix(".waits").touch()
        while not Path(event.gate).exists():
            time.sleep(0.05)
    return "hello"
