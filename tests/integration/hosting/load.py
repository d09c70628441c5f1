"""Events for an installation, and what became of them: each has one effect that another program counts."""

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from uuid import UUID

import httpx

from groundwork.events.client import Refused
from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import UserId, WorkspaceId
from tests.integration.hosting.installation import Installation
from tests.waiting import wait_until

_PAUSE_SECONDS = 0.2
"""Between two people who sign up: the load is there to be under way, and not to be heavy."""
_SETTLED = ("done", "failed", "cancelled")


class Load:
    """The events of a workspace of its own: people who sign up and get one mail each.

    Attributes:
        accepted: events that a gateway has answered for, with their user.
    """

    def __init__(self, installation: Installation, workspace: str) -> None:
        self._installation = installation
        self._workspace = workspace
        self._numbers = itertools.count()
        self._gateways = itertools.cycle(installation.gateways())
        self.accepted: dict[UUID, str] = {}

    def send(self, count: int) -> None:
        """Let people sign up, through each gateway in turn. One that is away is asked again, as senders do."""
        for _ in range(count):
            user = f"{self._workspace}-{next(self._numbers)}"
            self._installation.rows(
                "INSERT INTO app.app_user (id, workspace_id, email, name) VALUES (%s, %s, %s, %s)",
                *(user, self._workspace, f"{user}@example.com", user),
            )
            event = UserSignedUp(workspace_id=WorkspaceId(self._workspace), user_id=UserId(user))
            self.accepted[wait_until(lambda event=event, user=user: self._sent(event, user), 60, user)] = user

    def _sent(self, event: UserSignedUp, user: str) -> UUID | None:
        try:
            return next(self._gateways).send(event, id=user)
        except (httpx.TransportError, Refused):
            return None

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let people sign up one after the other until the block ends."""
        over = Event()

        def send() -> None:
            while not over.wait(_PAUSE_SECONDS):
                self.send(1)

        with ThreadPoolExecutor(1) as executor:
            sending = executor.submit(send)
            try:
                yield
            finally:
                over.set()
                sending.result(120)

    def wait_for_more(self, count: int) -> None:
        """Wait until so many more events are accepted."""
        wanted = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= wanted, 60, f"{count} more events")

    def send_import(self) -> None:
        """Import three contacts, as an operator does."""
        file = self._installation.folder / f"{self._workspace}.csv"
        file.write_text("email,first name\n" + "".join(f"{each}@example.com,{each}\n" for each in ("ada", "bob", "cy")))
        self._installation.command("import", str(file), "--workspace", self._workspace, "--wait")

    def wait_until_settled(self, timeout: float = 120) -> None:
        wait_until(lambda: not self._unsettled(), timeout, f"all is settled; what is not: {self._unsettled()[:5]}")

    def _unsettled(self) -> list[tuple[object, ...]]:
        return self._installation.rows(
            "SELECT id, job, state, attempt FROM groundwork.delivery WHERE workspace_id = %s AND state <> ALL (%s)",
            *(self._workspace, list(_SETTLED)),
        )

    def not_done(self) -> list[tuple[object, ...]]:
        """Events that were accepted and whose delivery is not there, or was not done."""
        done = self._installation.rows(
            "SELECT event_id FROM groundwork.delivery WHERE job = 'send-welcome' AND state = 'done'"
        )
        return [(event, user) for event, user in self.accepted.items() if (event,) not in set(done)]

    def settled(self) -> dict[UUID, tuple[object, ...]]:
        """Attempt and end of each delivery that has been done, by its event."""
        rows = self._installation.rows(
            "SELECT event_id, attempt, settled_at FROM groundwork.delivery WHERE workspace_id = %s AND state = 'done'",
            self._workspace,
        )
        return {event: (attempt, at) for event, attempt, at in rows}

    def mails_beside_one_each(self) -> dict[str, int]:
        """Users who got more mails than one, or none."""
        got = Counter(each.partition("@")[0] for each in self._installation.postmaster.recipients)
        return {user: got[user] for user in self.accepted.values() if got[user] != 1}
