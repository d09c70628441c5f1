"""Where an event, as Inngest's clients send it, says its workspace: a path such as ``data.orgId``."""

from collections.abc import Mapping
from typing import Any

WORKSPACE_PATTERN = r"^(data|user)(\.[^.\s]+)+$"
"""Paths begin at the event, in its data or its user: ``data.workspaceId``, ``data.organization.id``."""


def at_path(event: Mapping[str, Any], path: str) -> Any:
    """What stands at a path; None where nothing does."""
    found: Any = event
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
