"""The garbage collector and what is imported."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from groundwork.blocks.collector import ALLOCATIONS, left_alone, seldom


@contextmanager
def collections() -> Iterator[list[str]]:
    """The collections that begin while the block runs."""
    seen: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            seen.append(phase)

    gc.callbacks.append(note)
    try:
        yield seen
    finally:
        gc.callbacks.remove(note)


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("thresholds")
def test_nothing_is_looked_through_while_a_block_imports_nor_later() -> None:
    with collections() as seen, left_alone():
        kept: list[list[int]] = [[] for _ in range(5_000)]
    assert seen == []
    assert gc.isenabled()
    assert not any(each is kept for each in gc.get_objects())


@pytest.mark.usefixtures("thresholds")
def test_an_import_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(ImportError), left_alone():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.usefixtures("thresholds")
def test_a_command_is_looked_through_seldom_but_it_is() -> None:
    with seldom():
        gc.collect()
        with collections() as few:
            kept = [[] for _ in range(5_000)]
        assert few == []
        with collections() as some:
            kept += [[] for _ in range(2 * ALLOCATIONS)]
        assert some


@pytest.mark.usefixtures("thresholds")
def test_a_process_that_runs_many_commands_collects_what_they_leave() -> None:
    frozen, threshold = gc.get_freeze_count(), gc.get_threshold()
    for _ in range(3):
        with seldom():
            seen = weakref.ref(_Round())
    gc.collect()
    assert seen() is None
    assert gc.get_threshold() == threshold
    # What was frozen before may be freed meanwhile.
    assert gc.get_freeze_count() <= frozen


class _Round:
    """Refers to itself, so that the collector alone frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_a_process_does_not_look_through_everything_once_more_at_its_end() -> None:
    program = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from groundwork.blocks.collector import seldom
for _ in range(2):
    with seldom():
        pass
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"
