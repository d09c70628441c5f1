"""Addresses of users from which mail came back: nothing more is sent to one that does not exist."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import idna
from sqlalchemy import Connection

from groundwork.blocks.mail.headers import LONGEST_TEXT, clean
from groundwork.blocks.sql import statement
from groundwork.events.bounces import MailBounced
from groundwork.events.identifiers import UserId, WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True)
class Bounce:
    """An address from which mail came back.

    Attributes:
        kind: hard: nothing is sent there; soft: it is tried again.
        times: that it did.
    """

    user_id: str
    address: str
    kind: str
    reason: str
    bounced_at: datetime
    times: int


def note_bounce(connection: Connection, event: MailBounced) -> int:
    """Mark an address of a workspace's users. Upper and lower case are the same. A soft bounce unmarks no hard one.

    Returns:
        How many users have the address. 0: none of the workspace, so that nothing is kept.
    """
    values = {
        "workspace_id": str(event.workspace_id),
        "addresses": _forms(event.address),
        "kind": event.kind,
        "reason": clean(event.reason, LONGEST_TEXT),
        "at": event.at,
    }
    return connection.execute(statement(_SQL, "note_bounce"), values).rowcount


def bounces(connection: Connection, workspace_id: WorkspaceId, most: int | None = None) -> list[Bounce]:
    """The addresses of a workspace's users from which mail came back, the latest first; not those that a user had.

    Args:
        most: how many at most; None for all.
    """
    rows = connection.execute(statement(_SQL, "bounces"), {"workspace_id": str(workspace_id), "most": most})
    return [Bounce(*row) for row in rows]


def workspaces_of(connection: Connection, addresses: Collection[str]) -> dict[str, set[str]]:
    """The workspaces whose users have an address, as a source of a mail provider's webhooks asks
    (:class:`~groundwork.events.webhooks.ByAccount`)."""
    forms = {each: _forms(each) for each in addresses}
    wanted = {"addresses": [form for each in forms.values() for form in each]}
    found: dict[str, set[str]] = {}
    for address, workspace_id in connection.execute(statement(_SQL, "workspaces_of"), wanted):
        for each, known in forms.items():
            if address in known:
                found.setdefault(each, set()).add(workspace_id)
    return found


def forget_bounce(connection: Connection, workspace_id: WorkspaceId, user_id: UserId) -> bool:
    """Send to a user's address again, as it works now.

    Returns:
        Whether it was marked.
    """
    values = {"workspace_id": str(workspace_id), "user_id": str(user_id)}
    return bool(connection.execute(statement(_SQL, "forget_bounce"), values).rowcount)


def _forms(address: str) -> list[str]:
    """An address in lower case as a profile may have it: its domain as servers write it, and as people do."""
    local, _, domain = address.lower().rpartition("@")
    forms = [domain]
    with suppress(idna.IDNAError, UnicodeError):
        forms += [idna.decode(domain), idna.encode(domain, uts46=True).decode()]
    return [f"{local}@{each}" for each in dict.fromkeys(forms)]
