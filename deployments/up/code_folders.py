"""Which folders hold the code that somebody may be editing, and which of it the worker alone runs."""

import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from groundwork.blocks.applications import applications
from groundwork.deployments.changed_code import is_installed

_OURS = "groundwork"
_OF_WORKER = ("groundwork.flows", "groundwork.tasks", "groundwork.notifications")
"""Packages of ours that gateway and relay take nothing from but the options of jobs, which are compared."""


def edited_folders() -> list[Path]:
    """The folders of the packages of the applications, as this process has imported them, and of Groundwork's own where
    it is a checkout. None of them is within another one, and what is installed is left out."""
    found = {each for name in _edited_packages() for each in _folders(name) if not is_installed(each)}
    return sorted(each for each in found if not any(each != other and each.is_relative_to(other) for other in found))


def is_for_worker_alone(files: Iterable[Path]) -> bool:
    """Whether all of these files are of packages that hold jobs, or what only jobs use."""
    names = (*_OF_WORKER, *(one.jobs for one in applications() if one.jobs))
    folders = [folder for name in names for folder in _folders(name)]
    return all(any(file.is_relative_to(folder) for folder in folders) for file in files)


def _edited_packages() -> Iterator[str]:
    tops = {module.partition(".")[0] for one in applications() for module in (one.jobs, one.events) if module} | {_OURS}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in tops and hasattr(module, "__path__"):
            yield name


def _folders(package: str) -> Iterator[Path]:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        # A package that is installed for editing may have a place that is no folder.
        if Path(folder).is_dir():
            yield Path(folder).resolve()
