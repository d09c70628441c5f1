"""How settings are read: classes of fields, each the environment variable ``GROUNDWORK_<FIELD>``.

Every field states its default, its unit and what breaks when it is too low or too high. The engine's are in
``blocks/settings.py``; an application has a class of its own, which it names in ``Application.settings``.
"""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from groundwork.blocks.errors import ConfigurationError

PREFIX = "GROUNDWORK_"


class EnvironmentSettings(BaseSettings):
    """Base of every class of settings. A variable that is empty is one that is not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Field by variable, in the order in which they are defined."""
        return {variable_of(name): name for name in cls.model_fields}


S = TypeVar("S", bound=EnvironmentSettings)


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def read_settings(kind: type[S]) -> S:
    """Settings as the environment has them now.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = [
            f"\n  {variable_of('.'.join(map(str, each['loc'])))}: {each['msg']}"
            for each in error.errors(include_input=False)
        ]
        raise ConfigurationError(f"The environment has settings that cannot be:{''.join(faults)}") from None
