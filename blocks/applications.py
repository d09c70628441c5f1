"""Applications: what is built on the engine, ours and other people's alike.

The files at the root of a room are the engine, the folders below it are applications. The engine imports none; it asks
here which there are, and imports what each names where it needs it.
"""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache

GROUP = "groundwork.applications"
"""Group of the entry points by which an installed package registers its application."""
VARIABLE = "GROUNDWORK_APPLICATIONS"
"""Names the applications of a process; the setting of that name describes it."""
_OURS = "groundwork.flows"
"""Package whose sub-packages are our own applications."""
_ALWAYS = "operations"


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application. Each part is named by its module, so that whoever needs one part imports no other.

    Attributes:
        name: lower case; of its folders.
        jobs: package of its flows; all modules in it are imported.
        events: package of its event types, likewise.
        settings: ``module:Class`` of its settings, variables ``GROUNDWORK_<…>`` of its own.
        schema: module of its tables.
        migrations: package of its Alembic revisions, a branch of its own; ``docs/migrations.md``.
        templates: ``package:folder`` of its notifications.
        preload: ``module:function`` that a worker calls once before it starts runs, each of which is a copy of it. It
            imports what the jobs would import where they use it. No threads, no sockets: they would be shared or dead.
        blocks: ``module:Class`` of each Prefect block that a deploy registers; of a
            :class:`~groundwork.blocks.configured.ConfiguredBlock` it makes a document as well.
        routes: ``module:router`` of a FastAPI ``APIRouter`` that the gateway serves below ``/<name>``. Nobody has been
            asked who they are: each route does that itself.
        hooks: ``module:sources`` of a tuple of :class:`~groundwork.events.webhooks.Source`, providers whose webhooks
            the gateway takes below ``/hooks/<source>``; ``docs/webhooks-in.md``.
        commands: ``module:app`` of a Typer application whose commands join those of ``groundwork``.
        demo: ``module:function`` of the command that is ``groundwork demo <name>``; of the first application that has
            one, ``groundwork demo`` alone.
        seed: ``module:function`` of the function that ``groundwork seed <name>`` calls with a connection and a
            workspace's id: it stores data to begin with, a second time nothing, and returns how much of what was new.
        demo_name: what that command is called in place of the application's name.
    """

    name: str
    jobs: str | None = None
    events: str | None = None
    settings: str | None = None
    schema: str | None = None
    migrations: str | None = None
    templates: str | None = None
    preload: str | None = None
    blocks: tuple[str, ...] = ()
    routes: str | None = None
    hooks: str | None = None
    commands: str | None = None
    demo: str | None = None
    seed: str | None = None
    demo_name: str | None = None

    def load(self, package: str | None) -> None:
        """Import a package of the application with all that is in it, sub-folders included; a module is itself.

        Raises:
            ConfigurationError: one of them cannot be imported; the message names it and the application.
        """
        if package is None:
            return
        found = self._imported(package)
        for each in pkgutil.walk_packages(getattr(found, "__path__", ()), f"{package}.", onerror=_ignore):
            self._imported(each.name)

    def named(self, reference: str) -> Any:
        """What ``module:attribute`` names.

        Raises:
            ConfigurationError: there is no such thing; the message names it and the application.
        """
        module, _, attribute = reference.partition(":")
        found = self._imported(module)
        try:
            return getattr(found, attribute)
        except AttributeError:
            raise ConfigurationError(
                f"application {self.name}: {module} has no {attribute!r}, which the application names"
            ) from None

    def _imported(self, module: str) -> ModuleType:
        try:
            return importlib.import_module(module)
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"application {self.name}: {module} cannot be imported: {type(error).__name__}: {error}"
            ) from error


@process_cache
def applications() -> tuple[Application, ...]:
    """The applications of this process, as ``GROUNDWORK_APPLICATIONS`` says; by name.

    Raises:
        ConfigurationError: one is unknown, cannot be imported, or has another one's name.
    """
    registered = _registered()
    names = _asked_for() or _default(registered)
    found: dict[str, Application] = {}
    for name in names:
        each = _load(name, registered)
        if found.setdefault(each.name, each) is not each:
            raise ConfigurationError(f"two applications are named {each.name}: {name!r} and an earlier one; rename one")
    return tuple(found[name] for name in sorted(found))


def registered_names() -> frozenset[str]:
    """The names of all applications that are installed, those that this process has not loaded among them.

    Raises:
        ConfigurationError: two have one name.
    """
    return frozenset(_registered())


def _asked_for() -> list[str]:
    # Read here and not by the settings: every command wants its application's commands, and Pydantic costs a third of a
    # second.
    return [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]


def _default(registered: Mapping[str, str | EntryPoint]) -> list[str]:
    """The applications of a process that names none. Ours are there where no other one is."""
    others = [name for name, where in registered.items() if isinstance(where, EntryPoint)]
    return [_ALWAYS, *others] if others else list(registered)


def _registered() -> dict[str, str | EntryPoint]:
    """Where each application is that has a name."""
    ours = importlib.import_module(_OURS)
    found: dict[str, str | EntryPoint] = {
        each.name: f"{_OURS}.{each.name}" for each in pkgutil.iter_modules(ours.__path__) if each.ispkg
    }
    for point in entry_points(group=GROUP):
        other = found.get(point.name)
        where = other.value if isinstance(other, EntryPoint) else other
        # One that is installed twice on the path is found twice.
        if where not in (None, point.value):
            raise ConfigurationError(
                f"two applications are named {point.name}: {where} and {point.value}; rename one in its pyproject.toml"
            )
        found[point.name] = point
    return found


def _load(name: str, registered: Mapping[str, str | EntryPoint]) -> Application:
    where: str | EntryPoint | None = name if ":" in name else registered.get(name)
    if where is None:
        raise ConfigurationError(
            f"{VARIABLE}: there is no application {name!r}; there are {', '.join(sorted(registered))}. "
            "A package registers one by the entry point groundwork.applications; one that is not installed is named "
            "module:attribute."
        )
    value = where.value if isinstance(where, EntryPoint) else where
    module, _, attribute = value.partition(":")
    try:
        loaded = getattr(importlib.import_module(module), attribute or "application")
    except Exception as error:
        raise ConfigurationError(
            f"application {name}: {value} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, Application):
        raise ConfigurationError(f"application {name}: {value} is no groundwork.blocks.applications.Application")
    return loaded


def _ignore(_package: str) -> None:
    """Ignore it here: what cannot be imported fails where it is imported by name, with its error."""
