"""Jobs that send events: the first sends, from steps and from its body; the second is what they are for."""

from pathlib import Path

from groundwork.events.base import Event
from groundwork.events.inbox import once, running_attempt, send
from groundwork.events.inbox.follow_on import follow_on_id
from groundwork.flows.job import job
from groundwork.tasks.step import step


class OrderPlaced(Event, name="test/order.placed"):
    folder: str


class ParcelDue(Event, name="test/parcel.due"):
    number: int


@step(first_delay=0.01)
def send_with_the_ledger(folder: str) -> int:
    with once(running_attempt(), "send-with-the-ledger", "1") as entry:
        if entry.result is None:
            send(ParcelDue(workspace_id=running_attempt().event.workspace_id, number=1), entry.connection)
            entry.result = 1
            _fail(folder, "before the ledger")
    _fail(folder, "after the ledger")
    return 1


@step(first_delay=0.01)
def send_alone(folder: str) -> None:
    """Sends the same thing twice, which are two events, and is tried again after the first of them."""
    for number in (2, 2):
        event = ParcelDue(workspace_id=running_attempt().event.workspace_id, number=number)
        send(event, dedupe_id=follow_on_id(event))
        _fail(folder, "between two events")


@job(on=OrderPlaced)
def place_order(event: OrderPlaced) -> None:
    send_with_the_ledger(event.folder)
    send_alone(event.folder)
    due = ParcelDue(workspace_id=event.workspace_id, number=3)
    send(due, dedupe_id=follow_on_id(due))


def _fail(folder: str, where: str) -> None:
    """Fail once at each place."""
    mark = Path(folder) / where
    if not mark.exists():
        mark.touch()
        raise ConnectionError(where)
