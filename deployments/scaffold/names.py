"""The names of projects, jobs and events: which may be used, and what is called after them."""

import importlib.util
import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from groundwork.blocks.applications import registered_names
from groundwork.blocks.errors import ConfigurationError

_LONGEST = 80
"""Characters of a name. Files, functions and lanes are called after it."""
_PROJECT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_JOB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_OF_THE_DECORATORS = ("job", "step")


@dataclass(frozen=True)
class EventName:
    """What is called after an event type ``domain/noun.verb``.

    Attributes:
        text: the name itself.
    """

    text: str

    @property
    def module(self) -> str:
        """``order_placed`` of ``order/order.placed``, ``import_csv_confirmed`` of ``import/csv.confirmed``."""
        return "_".join(self._words)

    @property
    def type(self) -> str:
        """``OrderPlaced``."""
        return "".join(each.capitalize() for each in self._words)

    @property
    def noun(self) -> str:
        """``order``."""
        return self.text.partition("/")[2].partition(".")[0].replace("-", "_")

    @property
    def words(self) -> str:
        """``Order placed``."""
        return " ".join(re.split(r"[/.-]", self.text.partition("/")[2])).capitalize()

    @property
    def _words(self) -> list[str]:
        words = re.split(r"[/.-]", self.text)
        return [word for word, before in zip(words, ["", *words], strict=False) if word != before]


def project_name(folder: Path, given: str | None) -> str:
    """The import name of a project in a folder.

    Args:
        folder: of the project.
        given: what `--name` says; None for what the folder's name makes.

    Raises:
        ConfigurationError: it cannot be imported by this name, or something else is.
    """
    name = re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_") if given is None else given
    cure = "Say another one with --name, such as --name shop."
    if not _PROJECT.fullmatch(name) or len(name) > _LONGEST:
        raise ConfigurationError(
            f"--name: {name!r} cannot be imported: a project's name has lower-case letters, digits and underscores, "
            f"begins with a letter, and has at most {_LONGEST} characters. {cure}"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ConfigurationError(f"--name: {name!r} is a word of Python's own. {cure}")
    if name == "groundwork" or name in registered_names():
        raise ConfigurationError(f"--name: there is an application {name!r} already. {cure}")
    if _is_taken(name, folder):
        raise ConfigurationError(
            f"--name: there is a module {name!r} already, which the project would hide or be hidden by. {cure}"
        )
    return name


def job_name(name: str) -> str:
    """A job's name, if it may be one.

    Raises:
        ConfigurationError: it may not; the message says why, and what might have been meant.
    """
    if not _JOB.fullmatch(name) or len(name) > _LONGEST:
        likely = "-".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()))
        hint = f" Did you mean {likely}?" if _JOB.fullmatch(likely) and len(likely) <= _LONGEST else ""
        raise ConfigurationError(
            f"NAME: {name!r} is no name of a job: words of lower-case letters and digits with hyphens between them, "
            f"such as confirm-order, {_LONGEST} characters at most.{hint}"
        )
    function = name.replace("-", "_")
    if keyword.iskeyword(function) or function in _OF_THE_DECORATORS or yaml.safe_load(name) != name:
        raise ConfigurationError(
            f"NAME: {name!r} means something else in Python or YAML. Say what the job does to what: {name}-order"
        )
    return name


def event_name(name: str) -> EventName:
    """An event type's name, if it may be one.

    Raises:
        ConfigurationError: it may not.
    """
    from groundwork.events.base import NAME_PATTERN

    if not NAME_PATTERN.fullmatch(name) or len(name) > _LONGEST:
        raise ConfigurationError(
            f"--on: {name!r} is no name of an event: domain/noun.verb in lower case, with hyphens within a word, such "
            f"as order/order.placed, {_LONGEST} characters at most."
        )
    return EventName(name)


def _is_taken(name: str, folder: Path) -> bool:
    if name in sys.stdlib_module_names:
        return True
    found = importlib.util.find_spec(name)
    # A folder without code is a module, too, for whoever stands beside it; that one is the project's own.
    places = found.submodule_search_locations if found is not None and found.origin is None else None
    return found is not None and not (places and {Path(each).resolve() for each in places} == {folder.resolve()})
