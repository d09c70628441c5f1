"""Providers of wearables: how each is asked, and what its documents say in readings."""

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.providers.provider import FetchingProvider


def provider_named(name: str) -> FetchingProvider:
    """The provider that is asked for data.

    Raises:
        NonRetriable: it is none that is asked: Garmin pushes, Apple Health is a file.
        ConfigurationError: the settings have no client id and secret for it.
    """
    from groundwork.tasks.fitness.providers.oura import Oura
    from groundwork.tasks.fitness.providers.whoop import Whoop

    kinds: dict[str, type[FetchingProvider]] = {"oura": Oura, "whoop": Whoop}
    if name not in kinds:
        raise NonRetriable(f"{name} is not asked for data: Garmin pushes it, and Apple Health is an uploaded file")
    return kinds[name].configured()
