"""Notifications: templates, and the one way to send them."""

import importlib
from typing import TYPE_CHECKING, Any

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported

if TYPE_CHECKING:
    from groundwork.notifications.user import notify_once, notify_user

__all__ = ["notify_once", "notify_user"]


def __getattr__(name: str) -> Any:
    """Import what sends when it is wanted: whoever only renders, as `groundwork mail` does, needs no Prefect."""
    if name in __all__:
        return getattr(importlib.import_module("groundwork.notifications.user"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
