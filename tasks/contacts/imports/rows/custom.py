"""Columns of the database that are not plain text: custom fields as JSON, tags as an array."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import TAG_SEPARATOR
from groundwork.tasks.contacts.imports.rows.cells import column_of, contains

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"))
_LISTED = r'(?s)^\s*(?:\[.*[,"].*\]|\{.*[,"].*\})\s*$'
"""JSON, and arrays of PostgreSQL: nobody's list of tags, so it stays one."""
_ALL_QUOTED = r'^"[^"]*"(?:\s*[,;]\s*"[^"]*")*$'
"""Mailchimp quotes each tag within the cell. One of several in quotes is somebody's own."""
_BETWEEN_TAGS = f"[ \t\n]*(?::::|[{TAG_SEPARATOR},\n])[ \t\n]*"
"""Semicolon, comma or line end; ``:::`` in Google Contacts."""


def json_objects(fields: Mapping[str, Any], length: int) -> Any:
    """JSON text, one object per row.

    Args:
        fields: key → column of strings; no control characters but line feed and tab. Nulls are left out.
        length: number of rows.
    """
    members = [_member(key, column) for key, column in fields.items() if column.null_count < length]
    if not members:
        return column_of("{}", length)
    # Not null_handling="skip": it leaves out rows in which every member is null.
    objects = pc.binary_join_element_wise("{", *members, "}", "", null_handling="replace", null_replacement="")
    return pc.replace_substring(objects, "{, ", "{", max_replacements=1)


def _member(key: str, column: Any) -> Any:
    prefix = ", " + json.dumps(key, ensure_ascii=False) + ': "'
    return pc.binary_join_element_wise(prefix, _escaped(column), '"', "")


def _escaped(column: Any) -> Any:
    for raw, escape in _ESCAPES:
        if contains(column, raw):
            column = pc.replace_substring(column, raw, escape)
    return column


def tag_arrays(column: Any) -> Any:
    """Tags as text of PostgreSQL arrays: trimmed, without empty ones, each once, in the order of the file.

    Args:
        column: tags as the file has them, separated as its program does it.
    """
    listed = _listed(column)
    lists = pc.split_pattern_regex(_unwrapped(column), _BETWEEN_TAGS)
    row = pc.list_parent_indices(lists).to_numpy()
    # Google Contacts marks its own groups: "* myContacts".
    tag = pc.replace_substring_regex(pc.utf8_trim_whitespace(pc.list_flatten(lists)), r"^\* ", "")
    kept = _first_of_each(row, tag)
    quoted = pc.binary_join_element_wise('"', _escaped(tag.take(pa.array(kept))), '"', "")
    ends = np.searchsorted(row[kept], np.arange(len(column) + 1)).astype(np.int32)
    arrays = pc.binary_join_element_wise("{", pc.binary_join(pa.ListArray.from_arrays(ends, quoted), ","), "}", "")
    arrays = pc.if_else(pa.array(np.diff(ends) > 0), arrays, None)
    if listed is None:
        return arrays
    alone = pc.binary_join_element_wise('{"', _escaped(pc.utf8_trim_whitespace(column)), '"}', "")
    return pc.if_else(listed, alone, arrays)


def _listed(column: Any) -> Any | None:
    """Which cells are lists as programs write them for programs; None where none is."""
    if not (contains(column, "[") or contains(column, "{")):
        return None
    listed = pc.fill_null(pc.match_substring_regex(column, _LISTED), False)
    return listed if pc.any(listed).as_py() else None


def _unwrapped(column: Any) -> Any:
    """Tags without the quotes that programs put around each."""
    if not contains(column, '"'):
        return column
    quoted = pc.fill_null(pc.match_substring_regex(column, _ALL_QUOTED), False)
    return pc.if_else(quoted, pc.replace_substring(column, '"', ""), column)


def _first_of_each(row: npt.NDArray[np.int64], tag: Any) -> npt.NDArray[np.int64]:
    """Positions of the tags that are not empty and that no earlier tag of their row equals."""
    codes = pc.dictionary_encode(tag)
    filled = np.flatnonzero(pc.not_equal(tag, "").to_numpy(zero_copy_only=False))
    keys = row[filled] * (len(codes.dictionary) + 1) + codes.indices.to_numpy()[filled]
    _, first = np.unique(keys, return_index=True)
    positions: npt.NDArray[np.int64] = filled[np.sort(first)]
    return positions
