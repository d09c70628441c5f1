"""Data of events for the checks in SQL: such as a type takes, and such with something wrong in it."""

import copy
import re
from typing import Any

from hypothesis import strategies as st

from groundwork.events.base import Event
from groundwork.events.shapes import Shape, shape_of

IDS = st.one_of(st.sampled_from(["acme", "org_2abC", "auth0|5f7c", "Acme Ltd", "日本", "a.b"]), st.uuids().map(str))
ODD_TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "",
            " ",
            "a/b",
            "..",
            "a..b",
            ".a",
            "a  b",
            "e\u0301",
            "é",
            "\u200b",
            "😀",
            "a\n",
            "x" * 130,
            "x" * 3000,
            "5",
            "1e5",
            "nan",
            "true",
            "null",
            "none",
            "cp1252",
            "2026-W53",
            "2025-W53",
            "2024-02-30",
            "2024-02-29",
            "2026-11-28T07:35:23",
            "2026-11-28T07:35:23z",
            "2026-11-28 07:35:23Z",
            "2026-11-28T24:00:00Z",
            "2026-11-28T07:35:60Z",
            "0000-01-01T00:00:00Z",
            "2026-11-28T07:35:23.1234567Z",
            "2026-11-28T07:35:23+24:00",
            "2026-11-28T07:35:23-00:00",
            "2026-11-28T07:35Z",
            "{0189dcd1-1111-7111-8111-abcdefabcdef}",
            "custom.",
            "0189dcd1111171118111abcdefabcdef",
            "custom. ",
            "custom.x",
            "custom.\x01a",
            ";",
            "\t",
            "ab",
            "W",
            "٣",
            "²",
        ]
    ),
)
ODD_NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0, -1, 1, -0.0, 0.0, 5.0, 1.5, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 1e20, 1e308, 5e-324, 10001]
    ),
)
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), ODD_NUMBERS, ODD_TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXTS, inner, max_size=3)),
    max_leaves=4,
)


def fitting(event_type: type[Event]) -> st.SearchStrategy[dict[str, Any]]:
    """Data that mostly fit a type, as JSON."""
    return _values(shape_of(event_type))


@st.composite
def spoilt(draw: st.DrawFn, event_type: type[Event]) -> dict[str, Any]:
    """Data of a type in which up to three things were changed."""
    data = copy.deepcopy(draw(fitting(event_type)))
    for _ in range(draw(st.integers(0, 3))):
        place: Any = data
        while children := [key for key, each in _items(place) if isinstance(each, dict | list)]:
            if draw(st.booleans()):
                break
            place = place[draw(st.sampled_from(children))]
        keys = [key for key, _ in _items(place)]
        match draw(st.sampled_from(["change", "change", "remove", "add"])):
            case "change" if keys:
                place[draw(st.sampled_from(keys))] = draw(ODD)
            case "remove" if keys:
                del place[draw(st.sampled_from(keys))]
            case "add" if isinstance(place, dict):
                place[draw(st.sampled_from(["unknown", "workspace_id", "a b"]) | ODD_TEXTS)] = draw(ODD)
            case "add":
                place.append(draw(ODD))
    return data


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))


def _values(shape: Shape) -> st.SearchStrategy[Any]:
    found = _of_kind(shape)
    return st.one_of(st.none(), found) if shape.get("null") else found


def _of_kind(shape: Shape) -> st.SearchStrategy[Any]:
    least, most = shape.get("min", 0), shape.get("max", 1000)
    match shape["t"]:
        case "id":
            return IDS
        case "text" if "pattern" in shape:
            return st.from_regex(re.compile(shape["pattern"])).filter(lambda said: least <= len(said) <= most)
        case "text":
            return st.text(min_size=least, max_size=min(most, least + 8))
        case "choice":
            return st.sampled_from(shape["of"])
        case "integer":
            low = shape.get("ge", shape.get("gt", -(2**40)))
            return st.integers(low, shape.get("le", 2**53)) | st.integers(
                low, min(low + 20, shape.get("le", low + 20))
            ).map(float)
        case "number":
            low, high = shape.get("ge", -1e300), shape.get("le", 1e300)
            return st.floats(low, high) | st.integers(int(max(low, -100)), int(min(high, 100)))
        case "boolean":
            return st.booleans()
        case "datetime":
            return st.builds(
                "{}{}".format,
                st.datetimes().map(lambda each: each.isoformat()),
                st.sampled_from(["Z", "+02:00", "-05:30"]),
            )
        case "date":
            return st.dates().map(str)
        case "uuid":
            return st.uuids().map(str)
        case "any":
            return st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.floats(allow_nan=False, allow_infinity=False)
                | st.text(),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
                max_leaves=6,
            )
        case "list":
            return st.lists(_values(shape["items"]), min_size=least, max_size=min(most, least + 3))
        case "map":
            return st.dictionaries(_values(shape["keys"]), _values(shape["items"]), min_size=least, max_size=least + 3)
        case "union":
            return st.one_of(*map(_values, shape["of"]))
        case "tagged":
            return st.one_of(
                *(
                    _values(each).map(lambda value, tag=tag: {**value, shape["key"]: tag})
                    for tag, each in shape["of"].items()
                )
            )
        case "object":
            required = {key: _values(each["s"]) for key, each in shape["fields"].items() if each.get("required")}
            others = {key: _values(each["s"]) for key, each in shape["fields"].items() if not each.get("required")}
            return st.fixed_dictionaries(required, optional=others)
    return st.none() | st.text(max_size=3)
