"""Events of the domain ``import``."""

from typing import Literal

from pydantic import BaseModel, Field

from groundwork.events.base import WIRE, UserEvent
from groundwork.events.identifiers import RecordId


class ImportOptions(BaseModel):
    """What the person chose in the import dialogue."""

    model_config = WIRE

    on_conflict: Literal["update", "skip"] = Field(
        "update", description="What to do with a contact whose e-mail the workspace already has."
    )


class CsvImportConfirmed(UserEvent, name="import/csv.confirmed"):
    """A person uploaded a CSV of contacts and confirmed its import."""

    import_id: RecordId = Field(description="Id of the import record.")
    options: ImportOptions = Field(default_factory=ImportOptions)
