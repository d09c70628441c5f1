"""What ``groundwork seed contacts`` stores."""

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.schema.contacts import contact
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.users import store_user

CONTACTS = 200
_PEOPLE = (("Ada", "Byron"), ("Grace", "Murray"), ("Edsger", "Wybe"), ("Barbara", "Jane"), ("Donald", "Ervin"))
_PLACES = (("Berlin", "Germany"), ("Porto", "Portugal"), ("Leeds", "United Kingdom"), ("Praha", "Czechia"))


def sow(connection: Connection, workspace_id: WorkspaceId) -> dict[str, int]:
    """A user, and contacts of theirs. What is there already is left as it is."""
    user = f"user-of-{workspace_id}"
    store_user(connection, user, workspace_id, email=f"ada@{workspace_id}.example", name="Ada")
    rows = []
    for number in range(CONTACTS):
        first, last = _PEOPLE[number % len(_PEOPLE)]
        city, country = _PLACES[number % len(_PLACES)]
        rows.append(
            {
                "workspace_id": workspace_id,
                "email": f"{first.lower()}.{number + 1}@mail.example",
                "first_name": first,
                "last_name": last,
                "company": f"Company {number % 20 + 1}",
                "city": city,
                "country": country,
                "tags": ["customer"] if number % 3 else ["customer", "newsletter"],
            }
        )
    new = insert(contact).values(rows).on_conflict_do_nothing().returning(contact.c.id)
    return {"contacts": len(connection.execute(new).all())}
