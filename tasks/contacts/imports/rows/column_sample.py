"""The first cells of a column, and what they tell of it."""

import re
from dataclasses import dataclass
from functools import cached_property

from groundwork.tasks.contacts.imports.rows.vocabulary import is_courtesy

_ADDRESS = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+")
_REASON = re.compile(r"[a-z]+(?:_[a-z]+)+")
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True)
class ColumnSample:
    """Cells of one column from the beginning of a file, empty ones left out."""

    cells: tuple[str, ...] = ()

    @property
    def filled(self) -> int:
        """Number of cells."""
        return len(self.cells)

    @cached_property
    def _addresses(self) -> int:
        return sum(bool(_ADDRESS.search(each)) for each in self.cells)

    @property
    def any_address(self) -> bool:
        """Whether a cell holds an e-mail address."""
        return self._addresses > 0

    @property
    def holds_addresses(self) -> bool:
        """Whether most cells hold an e-mail address."""
        return self._addresses * 2 > len(self.cells)

    @property
    def all_numbers(self) -> bool:
        """Whether every cell is a whole number."""
        return all(each.isdecimal() for each in self.cells)

    @property
    def all_reasons(self) -> bool:
        """Whether every cell is written as the reason of a rejected row is."""
        return all(_REASON.fullmatch(each) for each in self.cells)

    def doubt(self, column: str) -> str | None:
        """Why the cells cannot be those of one of our columns, whatever the header; None where they can."""
        if not self.cells:
            return None
        if column == "job_title" and all(is_courtesy(each) for each in self.cells):
            return "its cells are forms of address"
        if column == "phone" and not any(_DIGITS.search(each) for each in self.cells):
            return "its cells are no phone numbers"
        if column not in ("email", "tags") and self.holds_addresses:
            return "its cells are addresses"
        return None
