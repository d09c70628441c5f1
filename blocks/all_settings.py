"""The settings of the engine and of every application of this process, together."""

import os
from collections.abc import Iterator

from groundwork.blocks.applications import applications
from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.secret_variable import PREFIX, file_variable
from groundwork.blocks.settings import Settings
from groundwork.blocks.suggestions import near

ENGINE = "engine"
_ONE_PROCESS = f"{PREFIX}_"
"""Variables of two underscores tell one process something, and are set by Groundwork itself."""
_SLIP = 0.8
"""Similarity from which a variable counts as a misspelt setting. Other programs have variables of this prefix too."""


def settings_classes() -> dict[str, type[EnvironmentSettings]]:
    """The classes of settings: that of the engine, and those of the applications by name.

    Raises:
        ConfigurationError: what an application names is no such class, or has a variable that another class has.
    """
    found: dict[str, type[EnvironmentSettings]] = {ENGINE: Settings}
    for application in applications():
        if application.settings is None:
            continue
        kind = application.named(application.settings)
        if not (isinstance(kind, type) and issubclass(kind, EnvironmentSettings)):
            raise ConfigurationError(
                f"application {application.name}: {application.settings} is no subclass of "
                "groundwork.blocks.environment.EnvironmentSettings"
            )
        for owner, other in found.items():
            if shared := kind.variables().keys() & other.variables():
                raise ConfigurationError(
                    f"application {application.name}: {min(shared)} is a setting of {owner} already; rename the field"
                )
        found[application.name] = kind
    return found


def check_settings() -> None:
    """Read every setting once, so that a part with a wrong one does not start.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    for kind in settings_classes().values():
        read_settings(kind)


def misspelt() -> Iterator[str]:
    """A warning for each variable of the environment that looks like a setting with a slip in its name."""
    known = [variable for kind in settings_classes().values() for variable in kind.variables()]
    known += [file_variable(variable) for kind in settings_classes().values() for variable in kind.secrets()]
    names = [each.removeprefix(PREFIX) for each in known]
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name.startswith(_ONE_PROCESS) or name in known:
            continue
        if found := near(name.removeprefix(PREFIX), names, most=1, similarity=_SLIP):
            yield f"{name} is no setting and has no effect; did you mean {PREFIX}{found[0]}?"
