"""What a host waits for, told from wherever."""

import sys
import threading
import time

from groundwork.flows.light_news import News


def test_what_was_told_before_ends_the_wait_at_once():
    news = News(interactive=False)
    news.tell()
    began = time.monotonic()
    news.wait(60)
    assert time.monotonic() - began < 30


def test_what_was_taken_does_not_end_the_next_wait():
    news = News(interactive=False)
    for _ in range(3):
        news.tell()
    news.take()
    began = time.monotonic()
    news.wait(0.05)
    assert time.monotonic() - began >= 0.05


def test_a_signal_handler_may_tell_wherever_its_thread_is_interrupted():
    """A handler runs between two steps of the interpreter: here after each call and return within take and wait."""
    news = News(interactive=False)

    def interrupt(*_: object) -> None:
        sys.setprofile(None)
        news.tell()
        sys.setprofile(interrupt)

    def take_and_wait() -> None:
        sys.setprofile(interrupt)
        news.wait(5)
        sys.setprofile(None)
        # Taking what an interruption adds at each of its steps would never end.
        handled = iter(range(20))

        def interrupt_some(*_: object) -> None:
            sys.setprofile(None)
            if next(handled, None) is not None:
                news.tell()
                sys.setprofile(interrupt_some)

        sys.setprofile(interrupt_some)
        news.take()
        sys.setprofile(None)

    thread = threading.Thread(target=take_and_wait, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "it waits for itself"


def test_that_something_came_is_heard_once_whoever_waited_for_it():
    news = News(interactive=True)
    news.tell()
    assert not news.take()
    news.tell(came=True)
    news.wait(60)
    news.tell()
    assert news.take()
    assert not news.take()
