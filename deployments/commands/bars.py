"""How far each part of a demo has come, live on standard error."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """A bar per part; where standard error is no terminal, a line when a part is complete.

    Args:
        wanted: how much each part has to come to, by its name.
        quiet: show nothing.
    """

    def __init__(self, wanted: Mapping[str, int], *, quiet: bool) -> None:
        self._wanted = wanted
        self._began = time.monotonic()
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self.seconds: dict[str, float] = {}
        """When each part was complete, since the bars began."""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show them while the block lasts."""
        self._began = time.monotonic()
        with self._progress:
            self._tasks = {name: self._progress.add_task(name, total=total) for name, total in self._wanted.items()}
            yield

    def update(self, come: Mapping[str, int]) -> None:
        """Say how far each part has come."""
        for name, number in come.items():
            self._progress.update(self._tasks[name], completed=number)
            if number >= self._wanted[name] and name not in self.seconds:
                self.seconds[name] = self.elapsed
                if not self._console.is_terminal:
                    self._console.print(f"  {name}: {self._wanted[name]:,} after {self.seconds[name]:.1f} s")

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.print(line)

    @property
    def elapsed(self) -> float:
        """Seconds since the bars began."""
        return round(time.monotonic() - self._began, 2)

    @property
    def complete(self) -> bool:
        """Whether every part has come to what it has to."""
        return self.seconds.keys() == self._wanted.keys()
