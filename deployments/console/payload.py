"""JSON as people read it: without secrets and links that open by themselves, and no longer than a page should be."""

import json
from typing import Any

from groundwork.deployments.gateway.links import without_links
from groundwork.events.secret_fields import without_secrets

LONGEST = 40_000
"""Characters of a payload that are shown. Too high: a browser takes seconds to show a page."""
LONGEST_RESULT = 10_000


def shown_payload(name: str, data: Any) -> tuple[str, bool]:
    """The data of an event for a page.

    Args:
        name: of the event, whose type says what is secret.

    Returns:
        The text, and whether it was cut.
    """
    return shown_json(without_secrets(name, data), LONGEST)


def shown_json(value: Any, most: int = LONGEST_RESULT) -> tuple[str, bool]:
    """A JSON value, indented, and whether it was cut. What is beyond is not even written."""
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > most:
            break
    # A link that is cut in two is none, so that links are looked for before.
    text = str(without_links("".join(parts)[: most + 4096]))
    return text[:most], length > most
