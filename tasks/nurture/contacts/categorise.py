"""Give contacts a category: row and event in one transaction, so that the page answers at once."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.blocks.upsert import upsert
from groundwork.events.identifiers import UserId
from groundwork.events.inbox import send_many
from groundwork.events.nurture.contacts import Category, ContactCategorised
from groundwork.tasks.nurture.contacts.contact import Contact

CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""What a sender's clock may be ahead."""
_SQL = Path(__file__).with_suffix(".sql")


class ContactRefused(NonRetriable):
    """A contact cannot be stored as it is given. Mend what the message names."""


def categorise(
    session: Session | Connection, contact: Contact, category: Category, *, user_id: UserId, at: datetime | None = None
) -> bool:
    """Give a contact a category, in the caller's transaction; everything else happens behind it.

    Two statements and the wake-up of the relay, whatever the category. The caller commits.

    Args:
        session: of the application's own request, on the database of the inbox.
        contact: stored if it is not known yet; what it has is taken over, what it leaves out stays.
        user_id: person who gave the category.
        at: when, with its zone; default now. One that is older than the category that the contact has changes nothing.

    Returns:
        Whether the contact has another category than before. If so, ``nurture/contact.categorised`` is sent. The same
        category again changes only when it was given.

    Raises:
        ValueError: there is no such category, or ``at`` has no zone or is in the future.
        ContactRefused: another contact of the workspace has the e-mail address.
    """
    return bool(categorise_many(session, [contact], category, user_id=user_id, at=at))


def categorise_many(
    session: Session | Connection,
    contacts: Sequence[Contact],
    category: Category,
    *,
    user_id: UserId,
    at: datetime | None = None,
) -> list[str]:
    """Give many contacts a category, as :func:`categorise` does, in as many statements as for one.

    Args:
        contacts: of one workspace or of several. Of one that is there twice the last counts.

    Returns:
        The ids of those that have another category than before.

    Raises:
        ValueError, ContactRefused: see :func:`categorise`; nothing is changed.
    """
    if category not in get_args(Category):
        raise ValueError(f"{category!r} is no category; there are {', '.join(get_args(Category))}")
    at = at or datetime.now(UTC)
    if at.tzinfo is None:
        raise ValueError(f"at={at} has no zone; use datetime.now(UTC)")
    if at > datetime.now(UTC) + CLOCKS_DIFFER_BY:
        raise ValueError(f"at={at} is in the future: until then it would win over every later category")
    rows = {(each.workspace_id, each.id): each.model_dump(mode="json") for each in contacts}
    connection = session.connection() if isinstance(session, Session) else session
    values = {"contacts": json.dumps(list(rows.values())), "category": category, "categorised_at": at}
    try:
        changed = {(row.workspace_id, row.id) for row in upsert(connection, statement(_SQL, "categorise"), values)}
    except IntegrityError as error:
        raise _explained(error) from None
    ordered = [each for each in {(one.workspace_id, one.id): one for one in contacts} if each in changed]
    send_many(
        [
            ContactCategorised(
                workspace_id=workspace_id, user_id=user_id, contact_id=id_, category=category, categorised_at=at
            )
            for workspace_id, id_ in ordered
        ],
        connection,
    )
    return [id_ for _, id_ in ordered]


def _explained(error: IntegrityError) -> Exception:
    if isinstance(error.orig, UniqueViolation):
        return ContactRefused(
            "another contact of the workspace has this e-mail address. Categorise that one, or leave the address out"
        )
    return error
