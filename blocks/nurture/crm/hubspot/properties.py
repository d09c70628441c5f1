"""HubSpot's properties of a contact: which of ours a portal has, and how their values are written."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from groundwork.blocks.nurture.crm.contact import Values
from groundwork.blocks.nurture.crm.definitions import definitions_of
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.hubspot.transport import PROPERTIES, Transport

_MOST_CHARACTERS = 65_536
"""Of a value."""


@dataclass(frozen=True)
class Properties:
    """The definitions of a portal's contact properties, by HubSpot's name.

    Attributes:
        found: each as ``{"type": …, "options": […], "read_only": …}``.
    """

    found: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, transport: Transport, account: str, *, anew: bool = False) -> "Properties":
        """Those of a portal, as it said them today.

        Args:
            anew: ask the portal, whatever is kept.
        """
        return cls(definitions_of(account, lambda: _read(transport), anew=anew))

    def written(self, values: Values) -> tuple[dict[str, str], dict[str, str]]:
        """Our values as HubSpot's properties.

        Returns:
            The values by HubSpot's name, ``""`` for what is cleared; and why others are left out, by our field.
        """
        properties: dict[str, str] = {}
        left_out: dict[str, str] = {}
        for field, value in values.items():
            name = NAMES.get(field)
            if name is None:
                left_out[field] = "HubSpot has no property for it"
            elif name not in self.found:
                left_out[field] = f"the portal has no property {name}: make it in HubSpot's settings"
            elif self.found[name]["read_only"]:
                left_out[field] = f"the property {name} is read-only in this portal"
            else:
                try:
                    properties[name] = _value(value, self.found[name])
                except ValueError as error:
                    left_out[field] = f"the property {name} does not take it: {error}"
        return properties, left_out


def same(name: str, ours: str, theirs: str | None) -> bool:
    """Whether HubSpot has a value already, written in our way or in its own.

    Args:
        ours: as :meth:`Properties.written` has it.
        theirs: as HubSpot gives it: addresses in lower case, dates as ``2026-11-27``.
    """
    if not ours or not theirs:
        return not ours and not theirs
    if name == "email":
        return ours.strip().lower() == theirs.strip().lower()
    if ours == theirs:
        return True
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return _same_day(ours, theirs)


def _same_day(ours: str, theirs: str) -> bool:
    try:
        day = datetime.fromisoformat(theirs)
        return int(ours) == int((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp() * 1000)
    except ValueError:
        return False


def _read(transport: Transport) -> dict[str, dict[str, Any]]:
    answer = transport.call("GET", PROPERTIES)
    return {
        each["name"]: {
            "type": each.get("type", "string"),
            "options": [option.get("value") for option in each.get("options") or ()],
            "read_only": bool((each.get("modificationMetadata") or {}).get("readOnlyValue") or each.get("calculated")),
        }
        for each in answer.get("results", ())
        if each.get("name") in NAMES.values() and not each.get("archived")
    }


def _value(value: str | None, definition: Mapping[str, Any]) -> str:
    """A value in HubSpot's form.

    Raises:
        ValueError: the property does not take it; the message is for a person.
    """
    if not value:
        return ""
    if len(value) > _MOST_CHARACTERS:
        raise ValueError(f"it has {len(value):,} characters, and {_MOST_CHARACTERS:,} are taken")
    match definition["type"]:
        case "number":
            number = float(value)
            if not math.isfinite(number):
                raise ValueError(f"{value} is no number")
            return str(int(number)) if number.is_integer() else str(number)
        case "date":
            # Midnight in UTC: any other time is an error there.
            day = datetime.combine(date.fromisoformat(value[:10]), datetime.min.time(), UTC)
            return str(int(day.timestamp() * 1000))
        case "datetime":
            moment = datetime.fromisoformat(value)
            return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
        case "enumeration" if value not in definition["options"]:
            raise ValueError(f"{value!r} is none of its options {', '.join(map(str, definition['options']))}")
    return value
