"""What became of the rows of a file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class ImportCounts:
    """Rows by outcome: ``rows = inserted + updated + skipped + duplicates + rejected``, whatever the chunk size.

    Attributes:
        rows: records of the file that are not blank.
        inserted: new contacts.
        updated: contacts that were there before the import.
        skipped: contacts that were there, left alone by ``on_conflict=skip``.
        duplicates: further rows of an e-mail that an earlier row of the file had.
        rejected: rows in the rejects file.
        reasons: rejected rows by reason.
    """

    rows: int = 0
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: Self) -> "ImportCounts":
        return ImportCounts(
            self.rows + other.rows,
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.skipped + other.skipped,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            dict(sorted((Counter(self.reasons) + Counter(other.reasons)).items())),
        )

    def as_json(self) -> dict[str, Any]:
        """For whoever looks at progress; ``ImportCounts(**that)`` is the way back."""
        return {
            "rows": self.rows,
            "inserted": self.inserted,
            "updated": self.updated,
            "skipped": self.skipped,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "reasons": dict(self.reasons),
        }
