"""What a mail must not have, whoever wrote it. Each fault is said in words that a model can be asked again with.

The words of a fault never quote the mail: they go into the next prompt, and into logs and tables that people read.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence

from groundwork.tasks.nurture.agency import Agency
from groundwork.tasks.nurture.sequences.draft import (
    LATEST_DAY,
    LONGEST_BODY,
    LONGEST_SUBJECT,
    MAILS,
    SHORTEST_BODY,
    Draft,
    DraftMail,
)
from groundwork.tasks.nurture.sequences.language import is_english
from groundwork.tasks.nurture.sequences.links import foreign_addresses, seen

_SLOT = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
_PLACEHOLDER = re.compile(
    r"\{|\}"  # {x}, {{x}}, {% x %}
    r"|\[[^\]]*\]"  # [Name], and [text](link)
    r"|<[^>\s][^>]*>"  # <name>, and HTML
    r"|\$\{?[a-z_]\w*"
    r"|%[A-Z_]{3,}%|%\(\w+\)s|\*\|\w+\|\*"
    r"|\b(?:XX+|TODO|TBC|TBD|FIXME|lorem ipsum)\b"
    r"|__+",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:insert|enter|your) (?:name|first name|company|agency|phone|number|link|address|date)\s+here\b", re.IGNORECASE
)
_MARKUP = re.compile(
    r"<\s*/?\s*[a-z!?]|&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});|\]\(|^\s*#{1,6} |\*\*|```", re.IGNORECASE | re.M
)
_ENDS = (".", "!", "?", "…", ")", "”", '"', "’", "'")
_JOINERS = frozenset("\u200d\ufe0f")
"""Within emoji."""


def faults_of(draft: Draft, agency: Agency, *, slots: Collection[str] = ()) -> list[str]:
    """What is wrong with a sequence; nothing, if it may be sent.

    Args:
        agency: whose links, address and number may stand in it.
        slots: names that may stand in double braces, in a template.
    """
    if len(draft.mails) != MAILS:
        return [f"there are {len(draft.mails)} mails; exactly {MAILS} are wanted"]
    faults = [
        f"mail {number}: {fault}"
        for number, mail in enumerate(draft.mails, 1)
        for fault in dict.fromkeys(_faults_of_mail(mail, agency, slots))
    ]
    days = [each.send_after_days for each in draft.mails]
    if any(not 0 <= day <= LATEST_DAY for day in days) or sorted(set(days)) != days:
        faults.append(f"send_after_days: each has to be later than the one before, from 0 to {LATEST_DAY}")
    if (
        len({each.subject.casefold() for each in draft.mails}) < MAILS
        or len({each.body for each in draft.mails}) < MAILS
    ):
        faults.append("two mails are the same")
    if not is_english(" ".join(each.body for each in draft.mails)):
        faults.append("it is not in English")
    return faults


def names_in(draft: Draft, names: Sequence[str]) -> list[str]:
    """What is wrong where people are named who are not the reader.

    Args:
        names: full names of other contacts.
    """
    text = seen(" ".join(f"{each.subject} {each.body}" for each in draft.mails)).casefold()
    told = any(name.casefold() in text for name in names)
    return ["another contact is named in it"] if told else []


def _faults_of_mail(mail: DraftMail, agency: Agency, slots: Collection[str]) -> list[str]:
    subject, body = mail.subject.strip(), mail.body.strip()
    faults = []
    if not subject or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        faults.append(f"the subject has to be one line of 1 to {LONGEST_SUBJECT} characters")
    if not SHORTEST_BODY <= len(body) <= LONGEST_BODY:
        faults.append(f"the body has to have {SHORTEST_BODY} to {LONGEST_BODY} characters")
    elif not body.endswith(_ENDS) and not body.endswith((agency.website, agency.email, agency.phone or ".")):
        faults.append("the body is cut off: its last sentence has no end")
    if any(_is_hidden(each) for each in f"{subject}{body}"):
        faults.append("there are invisible characters in it")
    text = f"{subject}\n{body}"
    used = {found[1] for found in _SLOT.finditer(text)}
    if unknown := used - set(slots):
        faults.append(f"{len(unknown)} placeholders are in it that nobody fills in")
    plain = _without_name(_SLOT.sub("Alex", text), agency.name)
    if _MARKUP.search(seen(plain)):
        faults.append("there is HTML or Markdown in it: plain text is wanted")
    elif not unknown and (_PLACEHOLDER.search(seen(plain)) or _NAMED.search(plain)):
        faults.append("a placeholder is left in it, such as [Name]")
    return faults + list(foreign_addresses(plain, agency))


def _without_name(text: str, name: str) -> str:
    """The text without the agency's name, which may look like a domain or a placeholder; but not within an address."""
    return re.sub(rf"(?<![\w.@/:-]){re.escape(name)}(?![\w@/:-]|\.\w)", "Alex", text)


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return character not in "\n\t" and character not in _JOINERS and category in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
