"""An agency, its contacts and what they do: all of it invented, and the same for the same number."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from typing import get_args

from sqlalchemy import Connection

from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.nurture.contacts import Category
from groundwork.events.nurture.leads import Channel, EngagementKind, EngagementRecorded
from groundwork.notifications.users import store_user
from groundwork.tasks.nurture.agency_record import set_agency
from groundwork.tasks.nurture.brand_voice import BrandVoice, set_brand_voice
from groundwork.tasks.nurture.contacts.contact import Contact

CATEGORIES: tuple[Category, ...] = get_args(Category)

_FIRST = (
    "Amara", "Bruno", "Carys", "Dilip", "Eilidh", "Farah", "Gwen", "Hamish", "Imogen", "Jacek", "Kemi", "Lorcan",
    "Maeve", "Nikhil", "Orla", "Piotr", "Rhiannon", "Siân", "Tariq", "Una", "Wei", "Yasmin", "Zoë",
)  # fmt: skip
_LAST = (
    "Abara", "Beck", "Carrick", "Dhillon", "Eastwell", "Fenn", "Gallow", "Hartigan", "Ibsley", "Jarrow", "Keane",
    "Lisle", "Marlowe", "Norreys", "O'Dowd", "Penhale", "Quill", "Rosko", "Santhosh", "Tolley", "Underhay", "Wray",
)  # fmt: skip

_OPENED: tuple[tuple[EngagementKind, Channel], ...] = (("open", "email"),)
_FOLLOWED = (*_OPENED, ("click", "email"))
_VISITED = (*_FOLLOWED, *((("site-visit", "web"),) * 3))
_ASKED = (*_VISITED, ("valuation-request", "web"))


def store_agency(connection: Connection, workspace_id: WorkspaceId) -> UserId:
    """An agency with its voice and one agent, made by what `groundwork nurture` makes them by.

    Returns:
        The agent.
    """
    agent = UserId(f"agent-of-{workspace_id}")
    store_user(connection, agent, workspace_id, email=agent_address(workspace_id), name="Sam Reed")
    said = {
        "name": "Harbour & Hill",
        "website": "https://www.harbour-hill.example",
        "email": "hello@harbour-hill.example",
        "phone": "+44 20 7946 0123",
        "postal_address": "4 Quay Street\nBristol",
        # At whatever hour the demo is run, its agent may be told at once.
        "quiet_from": time(0),
        "quiet_until": time(0),
    }
    set_agency(connection, workspace_id, said)
    voice = BrandVoice(version=1, tone="warm", sign_off="Warm regards", signature="Sam Reed, Harbour & Hill")
    set_brand_voice(connection, workspace_id, voice)
    return agent


def agent_address(workspace_id: WorkspaceId) -> str:
    """Where the agency's agent gets mail; no other demo's agent has it."""
    return f"sam@{workspace_id}.example"


def contacts_of(workspace_id: WorkspaceId, number: int, agent: UserId) -> dict[Category, list[Contact]]:
    """Contacts by category. Addresses end in .example and telephone numbers are of those kept for films."""
    made: dict[Category, list[Contact]] = {each: [] for each in CATEGORIES}
    for place in range(number):
        first, last = _FIRST[place % len(_FIRST)], _LAST[place * 7 % len(_LAST)]
        contact = Contact(
            workspace_id=workspace_id,
            id=f"contact-{place + 1}",
            email=f"contact-{place + 1}@mail.example",
            first_name=first,
            last_name=last,
            phone=f"+44 7700 900{place % 1000:03d}",
            agent_id=agent,
        )
        made[CATEGORIES[place % len(CATEGORIES)]].append(contact)
    return {category: contacts for category, contacts in made.items() if contacts}


def engagement_of(workspace_id: WorkspaceId, contact_ids: Sequence[str]) -> Iterator[EngagementRecorded]:
    """What contacts do once a mail has reached them: one asks for a valuation, three look around, the others read."""
    for place, contact_id in enumerate(contact_ids):
        kinds = _ASKED if place == 0 else _VISITED if place < 4 else _FOLLOWED if place % 3 == 0 else _OPENED
        for number, (kind, channel) in enumerate(kinds):
            yield EngagementRecorded(
                workspace_id=workspace_id,
                engagement_id=f"{contact_id}:{number}",
                contact_id=contact_id,
                kind=kind,
                channel=channel,
                occurred_at=datetime.now(UTC),
            )
