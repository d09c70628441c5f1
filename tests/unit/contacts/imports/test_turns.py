"""Steps that run side by side write in turn."""

import threading

import pytest

from groundwork.tasks.contacts.imports.turns import OutOfTurn, Turns


def test_the_first_chunk_waits_for_nobody() -> None:
    with Turns() as turns:
        turns.wait_for(None)


def test_a_chunk_waits_until_the_one_before_is_written() -> None:
    order: list[int] = []

    def second() -> None:
        turns.wait_for(1)
        order.append(2)

    with Turns() as turns:
        thread = threading.Thread(target=second)
        thread.start()
        order.append(1)
        turns.written(1)
        thread.join(10)
    assert order == [1, 2]


def test_a_chunk_whose_predecessor_is_never_written_is_let_go_with_the_cause() -> None:
    caught: list[BaseException] = []

    def second() -> None:
        try:
            turns.wait_for(1)
        except OutOfTurn as error:
            caught.append(error)

    with pytest.raises(ConnectionError), Turns() as turns:
        thread = threading.Thread(target=second)
        thread.start()
        raise ConnectionError("chunk 1 failed")
    thread.join(10)
    assert "chunk 1 was not written" in str(caught[0])
