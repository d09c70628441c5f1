"""``groundwork import --preview``, and what its options choose."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from groundwork.blocks.words import printable

if TYPE_CHECKING:
    from groundwork.events.contacts.imports import ImportOptions
    from groundwork.tasks.contacts.imports.preview import ImportPreview

_WIDEST = 40
"""Characters of a cell of the table."""


def chosen_options(values: Mapping[str, Any], columns: Sequence[str] | None) -> "ImportOptions":
    """The options of the command line.

    Args:
        values: field of ``ImportOptions`` → value; None where it is not chosen.
        columns: as ``--column`` has them.

    Raises:
        BadParameter: one of them is not possible.
    """
    from pydantic import ValidationError

    from groundwork.events.contacts.imports import ImportOptions

    given = {name: value for name, value in values.items() if value is not None}
    if (line := given.get("header_line")) and line.isdecimal():
        given["header_line"] = int(line)
    if columns:
        given["columns"] = dict(map(_mapped, columns))
    try:
        return ImportOptions(**given)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False)
        name = str(first["loc"][0]).replace("_", "-").replace("columns", "column")
        raise typer.BadParameter(first["msg"].removeprefix("Value error, "), param_hint=f"--{name}") from None


def _mapped(column: str) -> tuple[str, str | None]:
    header, equals, field = column.rpartition("=")
    if not equals or not header:
        raise typer.BadParameter(f"{column!r} is no HEADER=FIELD, such as Mail=email", param_hint="--column")
    return header, field or None


def show_preview(file: Path, options: "ImportOptions", *, as_json: bool) -> None:
    """Print how a file would be read.

    Raises:
        NonRetriable: it cannot be read.
    """
    from groundwork.tasks.contacts.imports.preview import preview_stream

    with file.open("rb") as stream:
        found = preview_stream(stream, file.stat().st_size, options)
    print(found.model_dump_json(by_alias=True) if as_json else as_text(found))


def as_text(found: "ImportPreview") -> str:
    """A preview for people."""
    lines = [
        f"encoding   {found.encoding} (confidence {found.encoding_confidence:.2f})",
        f"delimiter  {found.delimiter!r}",
        f"header     {'none' if found.header_line == 'none' else f'line {found.header_line}'}",
        "",
    ]
    for each in found.columns:
        cells = " | ".join(_short(cell) for cell in each.samples)
        lines.append(f"#{each.position:<4}{_short(each.header):<{_WIDEST}} → {each.field or 'left out'} ({each.why})")
        if cells:
            lines.append(f"     {cells}")
    return "\n".join([*lines, *(f"warning: {printable(each)}" for each in found.warnings)])


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"
