"""Reading ahead keeps the order, passes errors on and leaves no thread behind."""

import threading
from collections.abc import Iterator

import pytest

from groundwork.tasks.contacts.imports.reading.read_ahead import read_ahead


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_items_come_in_order() -> None:
    with read_ahead(range(100)) as items:
        assert list(items) == list(range(100))
    assert threads() == []


def test_the_next_item_is_made_while_this_one_is_used() -> None:
    made = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    with read_ahead(source()) as items:
        assert next(items) == 1
        assert made.wait(10)


def test_it_stays_within_its_depth() -> None:
    made: list[int] = []
    third = threading.Event()

    def source() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            if number == 2:
                third.set()
            yield number

    with read_ahead(source(), depth=1) as items:
        next(items)
        assert third.wait(10)
        assert made == [0, 1, 2]


def test_an_error_of_the_source_comes_at_its_place() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with read_ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)
    assert threads() == []


def test_leaving_early_closes_the_source_and_ends_the_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    with read_ahead(source()) as items:
        next(items)
    assert closed.is_set()
    assert threads() == []


def test_an_error_of_the_consumer_ends_the_thread() -> None:
    with pytest.raises(KeyError), read_ahead(range(1_000_000)) as items:
        next(items)
        raise KeyError
    assert threads() == []
