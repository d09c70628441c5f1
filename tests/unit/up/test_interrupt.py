"""Ctrl-C and SIGTERM end a block, wherever it is."""

import os
import signal
import threading
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import pytest

from groundwork.deployments.up.interrupt import interruptible

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[list[object]]:
    """The handlers as they are before the test, and again after it."""
    before = [signal.getsignal(each) for each in SIGNALS]
    yield before
    for each, handler in zip(SIGNALS, before, strict=True):
        signal.signal(each, handler)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_the_block_and_a_second_one_does_not_disturb_the_tidying_up(ending: signal.Signals):
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), ending)
        threading.Event().wait(10)
    os.kill(os.getpid(), ending)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_is_lost_in_a_callback_comes_again():
    class Key:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), interruptible():
        WeakKeyDictionary({Key(): 1}).clear()
        threading.Event().wait(10)


def test_the_signals_are_as_before_where_nothing_interrupted(handlers: list[object]):
    with interruptible():
        assert [signal.getsignal(each) for each in SIGNALS] != handlers
    assert [signal.getsignal(each) for each in SIGNALS] == handlers
