"""The page of events: who looks for one finds it here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.ulid import id_of
from groundwork.deployments.console.access import Access, Viewer
from groundwork.deployments.console.fields import moment_of, said
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.jobs import job_names
from groundwork.events.inbox.looking import looking
from groundwork.events.inbox.search import (
    Cursor,
    ListedEvent,
    Page,
    Wanted,
    events_of_ids,
    events_of_run,
    events_of_sender,
    search_events,
)
from groundwork.events.inbox.short_ids import events_with_prefix
from groundwork.events.secret_fields import is_secret, names_with_secrets

router = APIRouter(route_class=ConsoleRoute)

_FEWEST_DIGITS = 4
_MOST_OF_BEGINNING = 20


@dataclass(frozen=True)
class _Search:
    """What the form asks for."""

    wanted: Wanted
    id: str | None
    before: Cursor | None

    @classmethod
    def of(cls, fields: dict[str, str], viewer: Viewer) -> "_Search":
        state = said(fields, "state")
        if state is not None and state not in tuple(DeliveryState):
            raise ConfigurationError(f"state: {state!r} is none; states are {', '.join(DeliveryState)}")
        path, value = said(fields, "field"), said(fields, "value")
        if (path is None) != (value is None):
            raise ConfigurationError(
                "say both: the field of the payload, such as importId or options.mode, and its value"
            )
        name = said(fields, "name")
        _check_no_secret(name, path)
        return cls(
            Wanted(
                workspace_id=viewer.workspace or said(fields, "workspace"),
                name=name,
                state=DeliveryState(state) if state else None,
                job=said(fields, "job"),
                since=moment_of(fields, "since"),
                until=moment_of(fields, "until"),
                path=tuple(path.split(".")) if path else None,
                value=value,
            ),
            said(fields, "id"),
            _cursor(fields.get("before")),
        )


@router.get("/events")
def list_events(request: Request) -> Response:
    """Events, newest first."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    fields = {key: value for key, value in request.query_params.items() if value.strip()}
    try:
        search, fault = _Search.of(fields, viewer), None
    except ConfigurationError as error:
        search, fault = _Search(Wanted(workspace_id=viewer.workspace), None, None), str(error)
    with looking() as connection:
        jobs = job_names(connection)
        if search.id and fault is None:
            found = Page(_of_id(connection, search.id, search.wanted), None)
        elif fault is None:
            found = search_events(connection, search.wanted, before=search.before)
        else:
            found = Page([], None)
    if search.id and len(found.events) == 1:
        return see(request, f"events/{found.events[0].id}")
    older = urlencode({**fields, "before": str(found.older)}) if found.older else None
    filled = sum(1 for key in fields if key in ("job", "since", "until", "field", "value"))
    return page(
        request,
        "events",
        viewer,
        400 if fault else 200,
        found=found,
        fault=fault,
        fields=fields,
        more_fields=filled > 0,
        older=f"?{older}" if older else None,
        newest=f"?{urlencode({key: each for key, each in fields.items() if key != 'before'})}",
        names=list(event_types()),
        jobs=jobs,
        states=list(DeliveryState),
        now=datetime.now(UTC),
    )


@router.get("/runs/{flow_run_id}")
def show_run(flow_run_id: str, request: Request) -> Response:
    """The events that a flow run of Prefect carries, which its page links."""
    return see(request, f"events?id={quote(flow_run_id, safe='')}")


def _cursor(text: str | None) -> Cursor | None:
    """A place between two events, as a link has it; None where it is none, which is the begin."""
    try:
        return Cursor.read(text) if text else None
    except ValueError:
        return None


def _of_id(connection: Connection, text: str, wanted: Wanted) -> list[ListedEvent]:
    digits = text.strip("… .").replace("-", "").lower()
    key = id_of(text)
    if key is not None:
        digits = key.hex
    if len(digits) <= 32 and len(digits) >= _FEWEST_DIGITS and set(digits) <= set("0123456789abcdef"):
        ids = [each.id for each in events_with_prefix(connection, digits, _MOST_OF_BEGINNING)]
        if found := events_of_ids(connection, ids, workspace_id=wanted.workspace_id):
            return found
        if len(digits) == 32 and (found := events_of_run(connection, UUID(digits), workspace_id=wanted.workspace_id)):
            return found
    if wanted.workspace_id is None:
        return []
    return events_of_sender(connection, text, wanted.workspace_id, list(event_types()))


def _check_no_secret(name: str | None, path: str | None) -> None:
    """Refuse to look for a value that is not shown.

    Raises:
        ConfigurationError: the field is secret, or may be.
    """
    if path is None:
        return
    keys = path.split(".")
    if any(is_secret(each, keys) for each in ([name] if name else names_with_secrets())):
        where = f" of {name}" if name else " of an event"
        raise ConfigurationError(f"{path}{where} is secret, or not known: nobody looks for what is not shown")
