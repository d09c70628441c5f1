"""Events of the domain ``export``."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from pydantic_core import PydanticCustomError

from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.base import WIRE, UserEvent
from groundwork.events.checked_in_sql import checked_in_sql
from groundwork.events.contacts.columns import CUSTOM_PREFIX, STANDARD_COLUMNS

ExportFormat = Literal["csv", "parquet"]
Delimiter = Literal[",", ";", "\t"]
Headers = Literal["keys", "labels"]
ContactField = Annotated[str, Field(min_length=1, max_length=1000)]


@checked_in_sql(pattern=rf"^(?:{'|'.join(STANDARD_COLUMNS)}|custom\..+)$")
def _known_column(name: str) -> str:
    if name in STANDARD_COLUMNS or (name.startswith(CUSTOM_PREFIX) and name != CUSTOM_PREFIX):
        return name
    raise PydanticCustomError(
        "unknown_column",
        "custom fields are written custom.<field>; unknown column {name}{hint}",
        {"name": repr(name), "hint": _NearestColumns(name)},
    )


class _NearestColumns:
    """The columns that a name may stand for. They are looked up where the message is read: most are never read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        return did_you_mean(self._name, STANDARD_COLUMNS)


@checked_in_sql(least=1, unique=True)
def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    # Not as the length of the field, which would count the valid ones only and say the same fault twice.
    if not names:
        raise PydanticCustomError("too_short", "Tuple should have at least 1 item after validation, not 0")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise PydanticCustomError("repeated_column", "{names} stands here twice", {"names": ", ".join(repeated)})
    return names


Column = Annotated[ContactField, AfterValidator(_known_column)]
Columns = Annotated[
    tuple[Column, ...],
    Field(max_length=1600, json_schema_extra={"minItems": 1}),
    AfterValidator(_each_once),
]


class ContactFilter(BaseModel):
    """Which contacts: those that fulfil every condition given."""

    model_config = WIRE

    tags_any: tuple[ContactField, ...] = Field((), max_length=1000, description="At least one of these tags.")
    tags_all: tuple[ContactField, ...] = Field((), max_length=1000, description="Every one of these tags.")
    city: ContactField | None = Field(None, description="This city, letter by letter.")
    updated_since: AwareDatetime | None = Field(None, description="Changed at this time or later.")
    custom: dict[ContactField, str] = Field(
        default_factory=dict, max_length=100, description="Custom field → its value, letter by letter."
    )


class CsvExportConfirmed(UserEvent, name="export/csv.confirmed"):
    """A person asked for a file of the workspace's contacts."""

    export_id: str = Field(
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Id of the export record; the file is kept below it.",
    )
    format: ExportFormat = "csv"
    columns: Columns | None = Field(
        None,
        description="Columns in their order: those of every contact by name, custom fields as custom.<field>. Default: "
        "all of them.",
    )
    filter: ContactFilter = Field(default_factory=ContactFilter)
    neutralise_formulas: bool = Field(
        True,
        description="Put an apostrophe before CSV cells that a spreadsheet would execute. Off: the file has the values "
        "as they are, and may run commands on the machine of whoever opens it in a spreadsheet.",
    )
    byte_order_mark: bool = Field(
        False,
        description="Begin a CSV with a byte order mark: Excel reads it as UTF-8 then, other programs may stumble.",
    )
    delimiter: Delimiter = Field(",", description="Of a CSV. Excel in much of Europe takes ; for it.")
    headers: Headers = Field(
        "keys", description="keys: email, first_name, …; labels: E-mail, First name, … An import takes both."
    )
