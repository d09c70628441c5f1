"""The garbage collector and what is imported."""

import gc
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
    frozen = gc.get_freeze_count()
    with collections() as seen, left_alone():
        kept = [[] for _ in range(5_000)]
    assert seen == []
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)


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
