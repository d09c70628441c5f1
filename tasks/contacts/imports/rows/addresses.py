"""E-mail addresses: what a cell of an e-mail column holds."""

import re
from dataclasses import dataclass
from typing import Any

import idna
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.rows.cells import HIDDEN, ODD_SPACE, contains, is_ascii, longest

EMAIL_PATTERN = (
    r'^[^\s"(),:;<>@\[\\\].]+(?:\.[^\s"(),:;<>@\[\\\].]+)*@'
    r"(?:[\pL\pN](?:[\pL\pN\pM-]*[\pL\pN\pM])?\.)+[\pL\pN](?:[\pL\pN\pM-]*[\pL\pN\pM])?$"
)
"""An address as mail servers take it: RFC 5322's dot-atom, letters beyond ASCII allowed (RFC 6531), at a domain of two
or more labels. Quoted local parts, comments and address literals are refused."""
LONGEST_LOCAL_PART = 64
"""Bytes before the @ (RFC 5321, 4.5.3.1.1)."""
LONGEST_LABEL = 63
"""Bytes between two dots of a domain, in its ASCII form (RFC 1035, 2.3.4)."""
LONGEST_DOMAIN = 255
"""Bytes of a domain, in its ASCII form (RFC 5321, 4.5.3.1.2)."""

_BRACKETED = r"^[^<>@]*<\s*(?:mailto:)?\s*([^<>\s]+)\s*>$"
_LINK = r"^mailto:\s*([^?\s]+)(?:\?.*)?$"
_REMARK = re.compile(r"\([^()@]*\)|\[[^\[\]@]*\]")
_BETWEEN = re.compile(r"[\s,;|/<>()\[\]{}\"“”„«»·•、，；／&+]+")
_IN_BRACKETS = re.compile(r"[<(\[{]\s*(?:mailto:)?'*([^\s<>()\[\]{}]*@[^\s<>()\[\]{}]*?)'*\s*[>)\]}]")
_JOINING = frozenset(("and", "und", "et", "or", "oder", "ou", "y", "e", "o", "og", "och", "of", "i", "lub"))
_APOSTROPHES = "'‘’"
_LONGEST_LIST = 4096
"""Characters of a cell that is taken for a list. Nobody types a longer one."""
_MOST_ADDRESSES = 10
"""Addresses of a cell that get a field each. The last one has the rest."""
_IDEOGRAPHIC_STOP = "。"
_PUNYCODE = "xn--"


@dataclass(frozen=True)
class Addresses:
    """The addresses of an e-mail column.

    Attributes:
        first: lower-cased; of a cell without a valid address its text; null where it is empty.
        valid: whether it is an address; null where it is empty.
        hidden: whether a character that nobody sees stands within it.
        further: of each further address a column, null where the cell has no such.
    """

    first: Any
    valid: Any
    hidden: Any
    further: tuple[Any, ...] = ()


def addresses(column: Any) -> Addresses:
    """Read the cells of an e-mail column.

    Args:
        column: of strings, trimmed, in composed form.
    """
    email = pc.utf8_lower(column if is_ascii(column) else _narrow(column))
    hidden = pa.repeat(False, len(email))
    further: tuple[Any, ...] = ()
    valid = _valid(email)
    if not pc.all(valid, skip_nulls=True).as_py():
        if not is_ascii(email):
            hidden = pc.fill_null(pc.match_substring_regex(email, HIDDEN), False)
        email = _bare(email, valid)
        valid = _valid(email)
        if not pc.all(valid, skip_nulls=True).as_py():
            email, further = _from_lists(email, valid)
            valid = _valid(email)
    if contains(email, _PUNYCODE):
        email = _replaced(email, pc.match_substring(email, _PUNYCODE), _in_unicode)
    return Addresses(email, valid, hidden, further)


def too_long(email: Any) -> Any | None:
    """Which addresses are longer than a server takes; None where none is."""
    if longest(email) <= LONGEST_LABEL:
        return None
    long = pc.fill_null(pc.greater(pc.binary_length(email), LONGEST_LABEL), False)
    verdicts = iter([_breaks_a_limit(each) for each in email.filter(long).to_pylist()])
    return pa.array([each and next(verdicts) for each in long.to_pylist()])


def _valid(email: Any) -> Any:
    valid = pc.match_substring_regex(email, EMAIL_PATTERN)
    if is_ascii(email):
        return valid
    return pc.and_(valid, pc.invert(pc.match_substring_regex(email, f"{HIDDEN}|{ODD_SPACE}")))


def _bare(email: Any, valid: Any) -> Any:
    """Cells without the name, brackets or link around their one address."""
    bare = pc.replace_substring_regex(email, _BRACKETED, r"\1")
    bare = pc.replace_substring_regex(bare, _LINK, r"\1")
    return pc.if_else(valid, email, bare)


def _from_lists(email: Any, valid: Any) -> tuple[Any, tuple[Any, ...]]:
    """The first address of each cell that holds several, and the others."""
    odd = pc.indices_nonzero(pc.fill_null(pc.invert(valid), False))
    named = {
        at: each
        for at, text in zip(odd.to_pylist(), email.take(odd).to_pylist(), strict=True)
        if (each := listed(text))
    }
    every = pa.array([each for row in named.values() for each in row], pa.string())
    wrong = set(every.filter(pc.invert(_valid(every))).to_pylist())
    found = {at: _shortened(row) for at, row in named.items() if wrong.isdisjoint(row)}
    if not found:
        return email, ()
    columns = []
    for number in range(max(map(len, found.values()))):
        cells: list[str | None] = [None] * len(email)
        for at, row in found.items():
            if number < len(row):
                cells[at] = row[number]
        columns.append(pa.array(cells, pa.string()))
    return pc.coalesce(columns[0], email), tuple(columns[1:])


def listed(text: str) -> list[str]:
    """What may be the addresses of a cell, each once; none where anything else is in it."""
    if len(text) > _LONGEST_LIST:
        return []
    parts = [each.strip(_APOSTROPHES) for each in _BETWEEN.split(_REMARK.sub(" ", text))]
    found = dict.fromkeys(each.rpartition(":")[2] for each in parts if "@" in each)
    # A label, such as "work:", may stand before an address, and a name before one in brackets.
    words = [each for each in parts if each and "@" not in each and not each.endswith(":") and each not in _JOINING]
    return list(found) if not words or found.keys() == set(_IN_BRACKETS.findall(text)) else []


def _shortened(addresses_: list[str]) -> list[str]:
    kept = addresses_[: _MOST_ADDRESSES - 1]
    return [*kept, "; ".join(addresses_[len(kept) :])] if len(addresses_) > len(kept) else kept


def _narrow(column: Any) -> Any:
    """Cells with full-width letters, digits and signs of East Asia as ASCII, which is what servers take."""
    return pc.replace_substring(pc.utf8_normalize(column, form="NFKC"), _IDEOGRAPHIC_STOP, ".")


def _in_unicode(address: str) -> str:
    """The address with its domain in Unicode: both forms of a domain are one contact."""
    local, _, domain = address.rpartition("@")
    try:
        shown = idna.decode(domain)
        if idna.encode(shown).decode() != domain:
            return address
    except (idna.IDNAError, UnicodeError):
        return address
    return f"{local}@{shown}"


def _breaks_a_limit(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    labels = [_ascii_length(each) for each in domain.split(".")]
    return (
        len(local.encode()) > LONGEST_LOCAL_PART
        or max(labels) > LONGEST_LABEL
        or sum(labels) + len(labels) - 1 > LONGEST_DOMAIN
    )


def _ascii_length(label: str) -> int:
    return len(label) if label.isascii() else len(_PUNYCODE) + len(label.encode("punycode"))


def _replaced(column: Any, where: Any, change: Any) -> Any:
    at = pc.indices_nonzero(pc.fill_null(where, False))
    changed = pa.array([change(each) for each in column.take(at).to_pylist()], pa.string())
    return pc.replace_with_mask(column, pc.fill_null(where, False), changed)
