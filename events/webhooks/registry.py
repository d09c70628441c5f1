"""The sources of this process: those that its applications name."""

from dataclasses import dataclass

from groundwork.blocks.applications import applications
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache
from groundwork.events.webhooks.source import Source


@dataclass(frozen=True)
class Registered:
    """A source, and the name of the application that has it."""

    source: Source
    application: str


@process_cache
def sources() -> dict[str, Registered]:
    """Every source by name.

    Raises:
        ConfigurationError: an application names what is no list of sources, or two sources have one name.
    """
    found: dict[str, Registered] = {}
    for application in applications():
        if application.hooks is None:
            continue
        named = application.named(application.hooks)
        if not isinstance(named, tuple | list) or not all(isinstance(each, Source) for each in named):
            raise ConfigurationError(
                f"application {application.name}: {application.hooks} is no tuple of groundwork.events.webhooks.Source"
            )
        for each in named:
            other = found.setdefault(each.name, Registered(each, application.name))
            if other.source is not each:
                raise ConfigurationError(
                    f"two sources of webhooks are named {each.name}: of the applications {other.application} and "
                    f"{application.name}; rename one"
                )
    return found
