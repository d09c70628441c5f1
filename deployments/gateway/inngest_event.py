"""One event as Inngest's clients send it, and what it is for the inbox once it has a type."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from groundwork.blocks.at_path import at_path
from groundwork.events.base import Event, fault_of_name
from groundwork.events.inbox import NewEvent
from groundwork.events.inbox.storing import EARLIEST_TS, LATEST_TS, LONGEST_ID


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event says its workspace.

    Attributes:
        path: such as ``data.orgId``; or that of the key's own workspace.
        workspace_id: what was found there.
    """

    path: str
    workspace_id: str


def _named(name: str) -> str:
    if fault := fault_of_name(name):
        raise PydanticCustomError("event_name", "event name {fault}", {"fault": fault})
    return name


def _id(id: str) -> str:
    if len(id) > LONGEST_ID or not id.isprintable():
        raise PydanticCustomError("event_id", f"an id has at most {LONGEST_ID} characters, all of which print")
    return id


def _time(ts: int) -> int:
    if ts and ts < EARLIEST_TS:
        raise PydanticCustomError("event_time", "timestamp is before Jan 1, 1980")
    if ts >= LATEST_TS:
        raise PydanticCustomError("event_time", "timestamp is after Jan 1, 2100")
    return ts


class InngestEvent(BaseModel):
    """An event as Inngest's clients send it. What else it has is passed over. Null is like a field that is missing."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    name: Annotated[str, BeforeValidator(lambda name: "" if name is None else name), AfterValidator(_named)] = Field(
        "", validate_default=True
    )
    data: dict[str, Any] | None = None
    user: dict[str, Any] | None = None
    id: Annotated[str, AfterValidator(_id)] | None = None
    v: str | None = None
    ts: Annotated[int, AfterValidator(_time)] | None = None
    meta: dict[str, Any] | None = None

    @property
    def occurred_at(self) -> datetime | None:
        """``ts``, which counts milliseconds since 1970 in UTC; 0 stands for none."""
        return datetime.fromtimestamp(self.ts / 1000, UTC) if self.ts else None

    def workspace_at(self, path: str) -> str | None:
        """What a path leads to, numbers as text; None where nothing stands that may be an id."""
        found = at_path({"data": self.data, "user": self.user}, path)
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        return found if isinstance(found, str) else None

    def data_for(self, kind: type[Event], place: Place) -> dict[str, Any]:
        """The data, with the workspace where a type wants it and without what only said the workspace."""
        data = dict(self.data or {})
        data.pop("_inngest", None)
        begin, *fields = place.path.split(".")
        if begin == "data" and fields[0] not in {info.alias or name for name, info in kind.model_fields.items()}:
            data.pop(fields[0], None)
        data[kind.model_fields["workspace_id"].alias or "workspaceId"] = place.workspace_id
        return data

    def typed(self, kind: type[Event], data: dict[str, Any], source: str) -> NewEvent:
        """The event for the inbox.

        Args:
            data: of :meth:`data_for`.
            source: name of the key that sent it.

        Raises:
            pydantic.ValidationError: the data do not fit the type.
            NotStorable: they cannot be stored.
        """
        event = kind.model_validate(data, by_alias=True, by_name=False)
        new = NewEvent.of(event, dedupe_id=self.id or None, occurred_at=self.occurred_at, source=source)
        return replace(new, sent_id=self.id or None)
