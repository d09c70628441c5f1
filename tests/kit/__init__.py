"""The test kit for teams that write jobs on Groundwork: a pytest plugin with the fixture ``groundwork``.

``docs/testing-your-jobs.md`` shows its use. pytest loads this package in every project that has Groundwork installed,
so nothing is imported here before somebody asks for it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundwork.testing.groundwork import Groundwork
    from groundwork.testing.mails import Mail
    from groundwork.testing.outcome import Outcome

__all__ = ["Groundwork", "Mail", "Outcome"]


def __getattr__(name: str) -> Any:
    modules = {"Groundwork": "groundwork", "Mail": "mails", "Outcome": "outcome"}
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{modules[name]}"), name)
