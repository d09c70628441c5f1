"""Events of the domain ``import``."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, field_validator

from groundwork.events.base import WIRE, UserEvent
from groundwork.events.checked_in_sql import checked_in_sql
from groundwork.events.contacts.columns import CUSTOM_PREFIX, STANDARD_COLUMNS
from groundwork.events.identifiers import RecordId

FULL_NAME = "full_name"
"""No column of a contact: an import splits it into first and last name."""
FIELDS = (*STANDARD_COLUMNS, FULL_NAME)
"""What a column of a file can become, besides a custom field."""
_MOST_NAME = 200
_MOST_HEADER = 1000
"""Characters of a column's header. A column with a longer one is named by its number."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_WORD = r"[^\x00-\x1f\x7f]"

Target = Annotated[str, StringConstraints(max_length=_MOST_NAME)]
Header = Annotated[str, StringConstraints(min_length=1, max_length=_MOST_HEADER)]


class ImportOptions(BaseModel):
    """What the person chose in the import dialogue. What is not chosen is guessed."""

    model_config = WIRE

    on_conflict: Literal["update", "skip"] = Field(
        "update", description="What to do with a contact whose e-mail the workspace already has."
    )
    columns: dict[Header, Target | None] | None = Field(
        None,
        max_length=1000,
        description="Column of the file (its header, or # and its number from 1) → column of a contact, full_name, "
        "custom.<field>, or null to leave it out. Of two columns for one field the first filled counts. Columns that "
        "are not named here are guessed.",
    )
    encoding: str | None = Field(
        None,
        max_length=40,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$",
        description="Encoding of the file, such as cp1252, shift_jis or utf-16-le.",
    )
    delimiter: str | None = Field(None, description="Delimiter of the file: one ASCII character.")
    header_line: Annotated[int, Field(ge=1, le=10_000)] | Literal["none"] | None = Field(
        None, description="Line of the header, from 1; none where the file has no header."
    )

    @field_validator("columns")
    @classmethod
    @checked_in_sql(values=rf"^(?:{'|'.join(FIELDS)}|custom\.{_WORD}*[!-~\u00a1-\u167f\u3001-\ud7ff]{_WORD}*)$")
    def _possible(cls, columns: dict[str, str | None] | None) -> dict[str, str | None] | None:
        for header, target in (columns or {}).items():
            if target is None or target in FIELDS:
                continue
            field = target.removeprefix(CUSTOM_PREFIX)
            if field == target or not field.strip() or _CONTROLS.search(field):
                raise ValueError(
                    f"{header!r} cannot become {target!r}: name one of {', '.join(FIELDS)}, custom.<field>, or null"
                )
        return columns

    @field_validator("delimiter")
    @classmethod
    @checked_in_sql(pattern=r"^[\t !#-/:-@\[-`{-~]$")
    def _one_character(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and (
            len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0' or delimiter.isalnum()
        ):
            raise ValueError("name one ASCII character that is no letter, digit, quote or line end, such as ;")
        return delimiter


class CsvImportConfirmed(UserEvent, name="import/csv.confirmed"):
    """A person uploaded a CSV of contacts and confirmed its import."""

    import_id: RecordId = Field(description="Id of the import record.")
    options: ImportOptions = Field(default_factory=ImportOptions)
