"""Prefect's telemetry, off in every process of Groundwork."""

import sys
from collections.abc import Callable, Mapping, MutableMapping
from types import ModuleType

TELEMETRY_OFF: Mapping[str, str] = {
    # Prefect as a library: an analytics company. Programs of other makers heed it, too.
    "DO_NOT_TRACK": "1",
    # Prefect's server: a heartbeat to its makers. Clients ask it whether they may report.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
_REPORTER = "prefect._internal.analytics"


def switch_telemetry_off(environment: MutableMapping[str, str]) -> None:
    """Switch Prefect's telemetry off, unless the environment says otherwise.

    Prefect reports while it is imported, so this comes first: every package of ours imports ``blocks``, which does it.

    Args:
        environment: of this process, and of its children.
    """
    for name, value in TELEMETRY_OFF.items():
        if not environment.get(name):
            environment[name] = value
    if environment["DO_NOT_TRACK"].lower() in ("1", "true", "yes"):
        # Told not to track, Prefect still writes a file with an id of the machine when a flow is defined in a terminal.
        sys.modules.setdefault(_REPORTER, _Silent(_REPORTER))


class _Silent(ModuleType):
    """A module whose every function does nothing."""

    def __getattr__(self, name: str) -> Callable[..., bool]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: False
