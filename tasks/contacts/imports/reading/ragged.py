"""Ragged records: those that are longer or shorter than the header, and which of them are clear all the same."""

import csv
import io
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.rows.cells import trimmed_address


@dataclass(frozen=True)
class Ragged:
    """A record with another number of cells than the header.

    Attributes:
        position: among all records of the chunk.
        width: number of its cells.
        text: as in the file, without its line end.
    """

    position: int
    width: int
    text: str


@dataclass(frozen=True)
class Fitted:
    """Records that fit once empty cells are added or dropped.

    Attributes:
        columns: as many as the header has.
        positions: among all records of the chunk.
        alone: whether they have one cell.
    """

    columns: Sequence[Any]
    positions: npt.NDArray[np.int64]
    alone: bool


def fitted(
    odd: list[Ragged], width: int, delimiter: str, read_table: Callable[..., Any]
) -> tuple[list[Fitted], list[Ragged]]:
    """Sort ragged records into those that fit after all, and the rest.

    Args:
        odd: the records, in the order of the file.
        width: cells of the header.
        delimiter: one ASCII character.
        read_table: as ``parse.read_table``.
    """
    found: list[Fitted] = []
    rest: list[Ragged] = []
    by_width = sorted(odd, key=attrgetter("width"))
    for cells, group in itertools.groupby(by_width, key=attrgetter("width")):
        records = list(group)
        data = "\n".join(each.text for each in records).encode()
        table = read_table(data, columns=cells, delimiter=delimiter, set_aside=lambda _: "skip")
        columns = [column.combine_chunks() for column in table.columns]
        if len(table) != len(records):
            rest += records
            continue
        fits = _surplus_is_empty(columns[width:], len(records))
        kept = [each for each, fit in zip(records, fits, strict=True) if fit]
        rest += [each for each, fit in zip(records, fits, strict=True) if not fit]
        if kept:
            mask = pa.array(fits)
            padding = [pa.nulls(len(kept), pa.string())] * max(0, width - cells)
            shown = [*(column.filter(mask) for column in columns[:width]), *padding]
            found.append(Fitted(shown, np.array([each.position for each in kept], np.int64), alone=cells == 1))
    spaced, rest = _spaced(rest, width, delimiter)
    return found + spaced, sorted(rest, key=attrgetter("position"))


def _surplus_is_empty(surplus: list[Any], length: int) -> npt.NDArray[np.bool_]:
    empty = np.ones(length, np.bool_)
    for column in surplus:
        empty &= pc.is_null(trimmed_address(column)).to_numpy(zero_copy_only=False)
    return empty


def _spaced(odd: list[Ragged], width: int, delimiter: str) -> tuple[list[Fitted], list[Ragged]]:
    """Records that fit where a quote behind a delimiter and a space opens a cell, as some programs write it."""
    opens = re.compile(rf'(?:^|{re.escape(delimiter)})[ ]+"')
    kept: list[tuple[int, list[str | None]]] = []
    rest: list[Ragged] = []
    for each in odd:
        cells = _cells(each.text, delimiter) if opens.search(each.text) else []
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) == width:
            kept.append((each.position, [cell or None for cell in cells]))
        else:
            rest.append(each)
    if not kept:
        return [], rest
    columns = [pa.array([cells[at] for _, cells in kept], pa.string()) for at in range(width)]
    return [Fitted(columns, np.array([position for position, _ in kept], np.int64), alone=False)], rest


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
