"""The built-in templates: per category three mails, in each tone, varied from contact to contact."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from groundwork.blocks.process_cache import process_cache
from groundwork.events.nurture.contacts import Category
from groundwork.tasks.nurture.agency import Agency
from groundwork.tasks.nurture.brand_voice import Tone
from groundwork.tasks.nurture.sequences.draft import MAILS, Draft, DraftMail

VERSION = "builtin-1"
"""Changes with the words, so that a sequence tells what it was made of."""

_DAYS = {
    "landlord": (0, 4, 11), "vendor": (0, 3, 9), "buyer": (0, 2, 7), "tenant": (0, 2, 6), "investor": (0, 5, 14),
    "applicant": (0, 2, 6),
}  # fmt: skip
"""When the mails of a category are sent: those who look for a home decide within days, investors within weeks."""


def write_builtin(category: Category, tone: Tone, agency: Agency, contact_id: str) -> Draft:
    """The sequence of a category in a tone. The same contact is always written the same; others get other words.

    Args:
        contact_id: chooses among the words that mean the same.
    """
    template = _environment().get_template(f"{category}.txt.j2")
    mails = []
    for number, day in enumerate(_DAYS[category], 1):
        values = {"tone": tone, "agency": agency, "pick": _chooser(f"{agency.workspace_id}\n{contact_id}\n{number}")}
        module = template.make_module(values)
        mails.append(
            DraftMail(
                subject=_line(getattr(module, f"subject_{number}")()),
                body=_paragraphs(getattr(module, f"body_{number}")()),
                send_after_days=day,
            )
        )
    assert len(mails) == MAILS, category
    return Draft(mails=tuple(mails))


def _chooser(seed: str) -> Callable[..., str]:
    """A function that picks one of its arguments: each time it is called, by another part of the seed."""
    asked = 0

    def pick(*choices: str) -> str:
        nonlocal asked
        asked += 1
        digest = hashlib.sha256(f"{seed}\n{asked}".encode()).digest()
        return choices[int.from_bytes(digest[:4]) % len(choices)]

    return pick


def _line(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(text: str) -> str:
    """Paragraphs that are one line each: mail programs break them where they end."""
    return "\n\n".join(_line(each) for each in text.split("\n\n") if each.strip())


@process_cache
def _environment() -> Environment:
    # Plain text; what is made HTML of it later escapes it.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
