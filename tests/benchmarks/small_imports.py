"""Many small imports: the least a real job does, for benchmarks of everything around it."""

from collections.abc import Sequence
from uuid import UUID

from groundwork.events.inbox import EventStatus
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

_CSV = "email,first name\nada@example.com,Ada\n"

STOCK = {"GROUNDWORK_WORKER": "process"}
"""Prefect's own process worker, polling every 0.5 s as `up` sets it."""
STOCK_DEFAULT = {**STOCK, "PREFECT_WORKER_QUERY_SECONDS": "10"}
"""The same as it comes."""


class SmallImports:
    """Imports of one row, from one or several workspaces.

    Args:
        stack: a running Groundwork.
        workspaces: how many.
    """

    def __init__(self, stack: RunningStack, workspaces: int = 1) -> None:
        self._applications = [Application(stack, f"workspace-{number}") for number in range(workspaces)]
        self._file = stack.home / "one.csv"
        self._file.write_text(_CSV)

    def one(self) -> EventStatus:
        """One import, from its event to its end."""
        application = self._applications[0]
        event_id = application.confirm(application.upload(self._file))
        delivery = application.ended(event_id, timeout=180)
        assert delivery.state == "done", delivery.last_error
        return application.gateway.status(event_id)

    def send(self, number: int) -> list[UUID]:
        """Send this many at once, the workspaces in turn; the ids of the events."""
        turns = [self._applications[each % len(self._applications)] for each in range(number)]
        uploads = [(application, application.upload(self._file)) for application in turns]
        return [application.confirm(import_id) for application, import_id in uploads]

    def settled(self, event_ids: Sequence[UUID], timeout: float) -> list[EventStatus]:
        """The status of these events, once their deliveries have all ended well."""
        application = self._applications[0]

        def all_ended() -> bool:
            [(open_ones,)] = application.rows(
                "SELECT count(*) FROM groundwork.delivery WHERE event_id = ANY(:ids) AND settled_at IS NULL",
                ids=list(event_ids),
            )
            return bool(open_ones == 0)

        wait_until(all_ended, timeout, what=f"{len(event_ids)} deliveries to end")
        events = [application.gateway.status(event_id) for event_id in event_ids]
        assert {event.deliveries[0].state for event in events} == {"done"}
        return events
