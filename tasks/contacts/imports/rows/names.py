"""Full names, as first and last name."""

from typing import Any

import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.rows.cells import contains

_TITLES = "(?i:jr|sr|ii|iii|iv|phd|ph\\.d|md|m\\.d|mba|esq|dr|msc|bsc|ma|ba|cpa|dds|llm)\\.?"
_LAST_FIRST = r"^([^,]+?)\s*,\s*([^,]+)$"


def split_names(names: Any) -> tuple[Any, Any]:
    """Split full names at the last space, or at a comma: "Byron, Ada". A single word is a first name."""
    first = pc.replace_substring_regex(names, r"\s+\S+$", "")
    last = pc.if_else(pc.match_substring(names, " "), pc.replace_substring_regex(names, r"^.*\s", ""), None)
    if not contains(names, ","):
        return first, last
    turned = pc.and_(
        pc.match_substring_regex(names, _LAST_FIRST),
        pc.invert(pc.match_substring_regex(names, rf",\s*{_TITLES}$")),
    )
    return (
        pc.if_else(turned, pc.replace_substring_regex(names, _LAST_FIRST, r"\2"), first),
        pc.if_else(turned, pc.replace_substring_regex(names, _LAST_FIRST, r"\1"), last),
    )
