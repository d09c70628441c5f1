"""Full names, as first and last name."""

from typing import Any

import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.rows.cells import ODD_SPACE, contains, is_ascii

_TITLE = "(?:(?i:jr|sr|phd|ph\\.d|mba|esq|dr|msc|bsc|llm|dds|cpa)|II|III|IV|MD|M\\.D|MA|BA)\\.?"
_TITLED = rf"^(.*?)\s*,\s*({_TITLE}(?:\s*,\s*{_TITLE})*)$"
_LAST_FIRST = r"^([^,]*?)\s*,\s*([^,]*)$"


def split_names(names: Any) -> tuple[Any, Any]:
    """Split full names at the last space, or at a comma: "Byron, Ada". A single word is a first name.

    Titles behind the name stay with the last one: "Ada Byron, PhD".
    """
    if not is_ascii(names):
        names = pc.replace_substring_regex(names, ODD_SPACE, " ")
    if not contains(names, ","):
        return _at_last_space(names)
    titled = pc.fill_null(pc.match_substring_regex(names, _TITLED), False)
    title = pc.if_else(titled, pc.replace_substring_regex(names, _TITLED, r"\2"), None)
    names = pc.replace_substring_regex(names, _TITLED, r"\1")
    first, last = _at_last_space(names)
    turned = pc.match_substring_regex(names, _LAST_FIRST)
    first = pc.if_else(turned, _filled(pc.replace_substring_regex(names, _LAST_FIRST, r"\2")), first)
    last = pc.if_else(turned, _filled(pc.replace_substring_regex(names, _LAST_FIRST, r"\1")), last)
    return first, pc.coalesce(pc.binary_join_element_wise(last, title, ", "), last, title)


def _at_last_space(names: Any) -> tuple[Any, Any]:
    first = pc.replace_substring_regex(names, r"\s+\S+$", "")
    return first, pc.if_else(pc.match_substring(names, " "), pc.replace_substring_regex(names, r"^.*\s", ""), None)


def _filled(names: Any) -> Any:
    return pc.if_else(pc.equal(names, ""), None, names)
