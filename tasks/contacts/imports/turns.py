"""Turns: steps that run side by side up to the point where the order of the file counts."""

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from groundwork.blocks.errors import NonRetriable


class OutOfTurn(NonRetriable):
    """The chunk before this one was not written, so this one may not be either. Look for the error of that chunk."""


class Turns:
    """Who may write when, among the chunks of one run.

    A context manager: leaving it lets go of everyone who still waits, with :class:`OutOfTurn`.
    """

    def __init__(self) -> None:
        self._written: dict[int, bool] = {}
        self._over = False
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait_for(self, before: int | None) -> bool:
        """Return once the chunk ``before`` is written; at once for None.

        Returns:
            Whether all of its contacts were new. True for None.

        Raises:
            OutOfTurn: it will not be.
        """
        if before is None:
            return True
        with self._changed:
            self._changed.wait_for(lambda: self._over or before in self._written)
            if before not in self._written:
                raise OutOfTurn(f"chunk {before} was not written, so the one after it was rolled back")
            return self._written[before]

    def written(self, number: int, *, all_new: bool = False) -> None:
        """Let the next chunk go on: this one is committed.

        Args:
            number: of this one.
            all_new: whether none of its contacts was there before.
        """
        with self._changed:
            self._written[number] = all_new
            self._changed.notify_all()


@dataclass(frozen=True)
class Turn:
    """The turn of one chunk.

    Attributes:
        before: number of the chunk that has to be written first; None for the first.
    """

    turns: Turns
    before: int | None

    def comes(self) -> bool:
        """Return once it has come.

        Returns:
            Whether all contacts of the chunk before were new, as those of this one are likely to be then.

        Raises:
            OutOfTurn: it will not.
        """
        return self.turns.wait_for(self.before)

    def passes(self, number: int, *, all_new: bool) -> None:
        """Let the next chunk go on: that of this number is committed."""
        self.turns.written(number, all_new=all_new)
