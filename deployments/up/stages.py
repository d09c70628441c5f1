"""What a start is doing, and how long each stage of it took."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

TAIL_LINES = 15
"""Lines of a part's log that are shown when it fails."""
_CLEAR = "\r\x1b[K"


class Terminal:
    """Standard error with one line at its end that says what is going on, where it is a terminal.

    Args:
        stream: anything else than a terminal gets whole lines only.
        quiet: print nothing.
    """

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._is_terminal = self._stream.isatty()
        self._doing = ""
        self._lock = threading.Lock()

    @property
    def has_colours(self) -> bool:
        """Whether it shows them: a terminal, whose person has not said NO_COLOR (https://no-color.org)."""
        return self._is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def line(self, text: str) -> None:
        """Print a line above what is going on."""
        self._write(f"{text}\n", self._doing)

    def doing(self, text: str) -> None:
        """Say what is going on; nothing, for an empty text."""
        self._write("", text)

    def _write(self, text: str, doing: str) -> None:
        if self._quiet:
            return
        with self._lock:
            if self._is_terminal:
                text = (_CLEAR if self._doing else "") + text + doing
            self._doing = doing
            self._stream.write(text)
            self._stream.flush()


class Stages:
    """The stages of one start, each with its seconds. Stages may overlap: each is told when it is over."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._began = time.monotonic()

    @contextmanager
    def stage(self, name: str, *, log: Path | None = None, since: float | None = None) -> Iterator[None]:
        """One stage, which goes on for as long as the block lasts.

        Args:
            log: of the part that the stage is about. Its end is shown where the stage fails, unless the error has it.
            since: ``time.monotonic()`` when it began, where that was before the block.
        """
        began = time.monotonic() if since is None else since
        self._terminal.doing(f"{name} ...")
        try:
            yield
        except BaseException as error:
            self._terminal.doing("")
            what = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            self._terminal.line(f"{name} ... {what} after {time.monotonic() - began:.1f} s")
            if isinstance(error, Exception) and log is not None and str(log) not in str(error):
                self._terminal.line(tail(log))
            raise
        self._terminal.doing("")
        self._terminal.line(f"{name} ... {time.monotonic() - began:.1f} s")

    def over(self) -> None:
        """Tell the seconds of the whole start."""
        self._terminal.line(f"Started in {time.monotonic() - self._began:.1f} s")


def tail(log: Path) -> str:
    """The end of a log, for people."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    except FileNotFoundError:
        lines = []
    return f"Its log, {log}, ends:\n  " + "\n  ".join(lines or ["(nothing)"])
