"""Headers: which column of a file is which column of ours."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.columns import LABELS, STANDARD_COLUMNS
from groundwork.events.contacts.imports import FULL_NAME
from groundwork.tasks.contacts.imports.rows.column_sample import ColumnSample
from groundwork.tasks.contacts.imports.rows.field_name import field_name, names_field
from groundwork.tasks.contacts.imports.rows.mapping import Chosen, choices
from groundwork.tasks.contacts.imports.rows.vocabulary import (
    accepted_words,
    depending_meaning,
    meaning_of,
    words_of,
)
from groundwork.tasks.contacts.settings import contacts_settings

REJECT_COLUMNS = ("line", "reason")
"""The last columns of a rejects file. They are no fields when it comes back."""
_CONTENT = "its cells are addresses"


@dataclass(frozen=True)
class Layout:
    """What each column of a file is.

    Attributes:
        headers: as written in the file, in its order, without those that its rejects file had added.
        mapped: our column → position in the file. Holds ``email``; holds ``full_name`` only where the file has neither
            first nor last name, or a person chose it. What it says of a name counts where the other columns are empty.
        custom: key of the custom field → position in the file.
        width: columns of the file.
        further: our column → positions of other columns that fit; the first filled of all counts.
        reason: position of the column ``reason``, where the file is a rejects file.
        why: position → why it is what it is, in words for a person.
        warnings: what a person should look at.
        names: position → the name that its custom field has, or would have.
    """

    headers: tuple[str, ...]
    mapped: dict[str, int]
    custom: dict[str, int]
    width: int = 0
    further: dict[str, tuple[int, ...]] = field(default_factory=dict)
    reason: int | None = None
    why: dict[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    names: dict[int, str] = field(default_factory=dict)

    def fitting(self, column: str) -> tuple[int, ...]:
        """All positions of a column of ours, the one that counts first at the beginning."""
        return (self.mapped[column], *self.further.get(column, ()))

    def name_of(self, position: int) -> str:
        """The header of a column as a field name that no other column has."""
        return self.names.get(position) or field_name(self.headers[position], position)

    def free_names(self, position: int, count: int) -> list[str]:
        """Names for further values of a column's cells: its own with (2), (3), …, as far as no column has them."""
        name, number = self.name_of(position), 2
        found: list[str] = []
        while len(found) < count:
            if (key := f"{name} ({number})") not in self.custom:
                found.append(key)
            number += 1
        return found


def layout_of(
    headers: Sequence[str],
    samples: Sequence[ColumnSample] | None = None,
    chosen: Mapping[str, str | None] | None = None,
) -> Layout:
    """Map the headers of a file.

    What a person chose counts first. A column whose header is one of ours becomes it, unless its cells say otherwise;
    of several, the first filled one counts, row by row. All others are custom fields under their own header, where a
    repeated header gets `` (2)``, `` (3)``, … and an empty one ``Column 7`` by its position.

    Args:
        headers: of the file, in its order.
        samples: the first cells of each column; None where there are none.
        chosen: column (its header, or ``#`` and its number) → column of ours, ``custom.<field>``, or None to leave it
            out.

    Raises:
        NonRetriable: no column holds e-mail addresses, what was chosen is not possible, or there are more columns than
            ``import_max_columns``.
    """
    most = contacts_settings().import_max_columns
    if len(headers) > most:
        raise NonRetriable(
            f"The file has {len(headers)} columns; {most} are allowed. "
            "Remove columns, or raise GROUNDWORK_IMPORT_MAX_COLUMNS."
        )
    told = list(samples or ())
    told += [ColumnSample()] * (len(headers) - len(told))
    own = _rejects_file(headers, told)
    mapping = choices(headers, chosen or {}, ignored=own)
    guesses, why, warnings = _guesses(headers, told, mapping)
    return _laid_out(headers, guesses, mapping, why | _why_chosen(mapping), warnings=warnings, own=own)


def _laid_out(
    headers: Sequence[str],
    guesses: Sequence[str | None],
    mapping: Mapping[int, Chosen],
    why: dict[int, str],
    *,
    warnings: Sequence[str],
    own: int | None,
) -> Layout:
    fits: dict[str, list[int]] = {}
    custom: dict[str, int] = {}
    chosen = {choice.custom for choice in mapping.values() if choice.custom}
    used = set(chosen)
    names: dict[int, str] = {}
    own_export = any(set(names).issubset(headers) for names in (STANDARD_COLUMNS, LABELS.values()))
    for position, (header, column) in enumerate(zip(headers, guesses, strict=True)):
        choice = mapping.get(position)
        if (own is not None and position >= own) or (choice and choice.left_out):
            continue
        if choice and choice.custom:
            custom[choice.custom] = position
            continue
        # A field that is named as such may be called what a column of ours is.
        name = _unused(field_name(header, position), chosen | custom.keys() if names_field(header) else used)
        used.add(name)
        names[position] = name
        if column is None:
            custom[name] = position
        elif column not in fits:
            fits[column] = [position]
        else:
            if choice or not own_export:
                fits[column].append(position)
            if not choice:
                # A further value is kept even where the first column is filled.
                custom[name] = position
    if "email" not in fits:
        raise NonRetriable(_no_email(headers))
    kept = list(headers if own is None else headers[:own])
    if why.get(fits["email"][0]) == _CONTENT and "Email" not in kept:
        # The rejects file has this header. In it no cell may be an address that would tell the column.
        kept[fits["email"][0]] = "Email"
    return Layout(
        headers=tuple(kept),
        mapped={column: positions[0] for column, positions in fits.items()},
        custom=custom,
        width=len(headers),
        further={column: tuple(positions[1:]) for column, positions in fits.items() if len(positions) > 1},
        reason=None if own is None else own + 1,
        why=why,
        warnings=tuple(warnings),
        names=names,
    )


def _unused(name: str, used: Container[str]) -> str:
    key, repeat = name, 1
    while key in used:
        repeat += 1
        key = f"{name} ({repeat})"
    return key


def _rejects_file(headers: Sequence[str], samples: Sequence[ColumnSample]) -> int | None:
    """Where the columns begin that a rejects file has more than the file whose rows were rejected."""
    at = len(headers) - len(REJECT_COLUMNS)
    if at < 1 or tuple(each.strip().lower() for each in headers[at:]) != REJECT_COLUMNS:
        return None
    lines, reasons = samples[at:]
    return at if lines.all_numbers and reasons.all_reasons and (lines.filled or reasons.filled) else None


def _guesses(
    headers: Sequence[str], samples: Sequence[ColumnSample], mapping: Mapping[int, Chosen]
) -> tuple[list[str | None], dict[int, str], list[str]]:
    """Our column for each header, why, and what is odd. None where it is none of ours, or vague beside a clear one."""
    taken = {choice.column for choice in mapping.values() if choice.column}
    meanings = [None if at in mapping else meaning_of(header) for at, header in enumerate(headers)]
    clear = {each.column for each in meanings if each and not each.vague}
    columns = [None if each is None or (each.vague and each.column in clear) else each.column for each in meanings]
    joined = {"".join(words_of(header)) for header in headers}
    for at, header in enumerate(headers):
        if columns[at] and (dependent := depending_meaning(header, {*columns[:at], *columns[at + 1 :]}, joined)):
            columns[at] = dependent
    if "first_name" in columns or "last_name" in columns or taken & {"first_name", "last_name"}:
        columns = [None if each == FULL_NAME else each for each in columns]
    columns = [None if each in taken else each for each in columns]
    why = {at: "its header" for at, column in enumerate(columns) if column}
    warnings: list[str] = []
    for at, column in enumerate(columns):
        if column and (doubt := samples[at].doubt(column)):
            columns[at], why[at] = None, doubt
    if "email" not in taken:
        columns = _email_by_content(headers, samples, columns, why, mapping=mapping, warnings=warnings)
    for at, choice in mapping.items():
        columns[at] = choice.column
    return columns, why, warnings


def _email_by_content(
    headers: Sequence[str],
    samples: Sequence[ColumnSample],
    columns: list[str | None],
    why: dict[int, str],
    *,
    mapping: Mapping[int, Chosen],
    warnings: list[str],
) -> list[str | None]:
    """The columns, where the cells decide which are e-mail columns if the headers do not."""
    named = [at for at, column in enumerate(columns) if column == "email"]
    holding = [
        at
        for at, sample in enumerate(samples)
        if at not in mapping and sample.holds_addresses and columns[at] in (None, "email")
    ]
    wrong = [at for at in named if samples[at].filled and not samples[at].any_address]
    if holding and wrong:
        for at in wrong:
            columns[at], why[at] = None, "its cells are no addresses"
            warnings.append(f"The column {headers[at]!r} is no e-mail column: its cells are no addresses.")
        named = [at for at in named if at not in wrong]
    if not named and holding:
        # Addresses that repeat are those of colleagues, such as of who made the contact.
        at = max(holding, key=lambda each: (len(set(samples[each].cells)), samples[each].filled, -each))
        columns[at], why[at] = "email", _CONTENT
    return columns


def _why_chosen(mapping: Mapping[int, Chosen]) -> dict[int, str]:
    return dict.fromkeys(mapping, "chosen")


def _no_email(headers: Sequence[str]) -> str:
    found = ", ".join(repr(header.strip()[:60]) for header in headers[:20])
    more = f" and {len(headers) - 20} more" if len(headers) > 20 else ""
    accepted = ", ".join(repr(each) for each in accepted_words("email"))
    return f"No column holds e-mail addresses. Found: {found}{more}. Name one of them (in any case) {accepted}."
