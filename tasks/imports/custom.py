"""Columns of the database that are not plain text: custom fields as JSON, tags as an array."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.imports.cells import column_of, contains

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"))
TAG_SEPARATOR = "[ \t\n]*(?::::|[;,\n])[ \t\n]*"
"""Semicolon, comma or line end; ``:::`` in Google Contacts."""


def json_objects(fields: Mapping[str, Any], length: int) -> Any:
    """JSON text, one object per row.

    Args:
        fields: key → column of strings; no control characters but ``\\n`` and ``\\t``. Nulls are left out of the object.
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
        column: tags as the file has them, separated by ``TAG_SEPARATOR``.
    """
    lists = pc.split_pattern_regex(column, TAG_SEPARATOR)
    tags = pa.table({"row": pc.list_parent_indices(lists), "tag": pc.utf8_trim_whitespace(pc.list_flatten(lists))})
    # Google Contacts marks its own groups: "* myContacts".
    tags = tags.set_column(1, "tag", pc.replace_substring_regex(tags["tag"], r"^\* ", ""))
    tags = tags.filter(pc.not_equal(tags["tag"], "")).group_by(["row", "tag"], use_threads=False).aggregate([])
    quoted = pc.binary_join_element_wise('"', _escaped(tags["tag"]), '"', "")
    grouped = tags.set_column(1, "tag", quoted).group_by("row", use_threads=False).aggregate([("tag", "list")])
    arrays = pc.binary_join_element_wise("{", pc.binary_join(grouped["tag_list"], ","), "}", "").combine_chunks()
    place = np.full(len(column), -1)
    place[grouped["row"].to_numpy()] = np.arange(len(grouped))
    return arrays.take(pa.array(place, mask=place < 0))
