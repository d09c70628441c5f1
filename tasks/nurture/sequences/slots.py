"""Slots of templates that models write: ``{{first_name}}`` and the like, filled in for each contact by code."""

import re

from groundwork.tasks.nurture.agency import Agency
from groundwork.tasks.nurture.sequences.draft import Draft, DraftMail

SLOTS = {
    "first_name": "the reader's first name; 'there' stands in its place where it is not known",
    "agency": "the agency's name",
    "website": "address of the agency's website",
    "email": "the agency's e-mail address",
    "phone": "the agency's telephone number",
}
"""Names, and what stands in their place."""
_NAMELESS = "there"
_SLOT = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


def slots_of(agency: Agency) -> dict[str, str]:
    """The slots that can be filled for an agency: one without a telephone number has none for it."""
    return {name: means for name, means in SLOTS.items() if name != "phone" or agency.phone}


def filled(draft: Draft, agency: Agency, first_name: str) -> Draft:
    """A template with its slots filled in, each once: what stands in a value is no slot.

    Args:
        first_name: as :func:`~groundwork.tasks.nurture.sequences.names.first_name_of` gives it.
    """
    values = {
        "first_name": first_name or _NAMELESS,
        "agency": agency.name,
        "website": agency.website,
        "email": agency.email,
        "phone": agency.phone or "",
    }

    def fill(text: str) -> str:
        return _SLOT.sub(lambda found: values.get(found[1], found[0]), text)

    return Draft(
        mails=tuple(
            DraftMail(subject=fill(each.subject), body=fill(each.body), send_after_days=each.send_after_days)
            for each in draft.mails
        )
    )
