"""How settings are read: classes of fields, each the environment variable ``GROUNDWORK_<FIELD>``.

Every field states its default, its unit and what breaks when it is too low or too high. The engine's are in
``blocks/settings.py``; an application has a class of its own, which it names in ``Application.settings``. A field of
type ``SecretStr`` may be given by a file instead, which ``GROUNDWORK_<FIELD>_FILE`` names.
"""

import os
from typing import Any, TypeVar, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.faults import lines_of
from groundwork.blocks.secret_variable import PREFIX, file_variable, read_all


class EnvironmentSettings(BaseSettings):
    """Base of every class of settings. A variable that is empty is one that is not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Field by variable, in the order in which they are defined."""
        return {variable_of(name): name for name in cls.model_fields}

    @classmethod
    def secrets(cls) -> dict[str, str]:
        """Likewise, of the fields that may be given by a file."""
        return {variable: name for variable, name in cls.variables().items() if _is_secret(cls.model_fields[name])}

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # the base class gives all but the first by name
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """See the base class."""
        return sources["init_settings"], sources["env_settings"], _SecretFiles(settings_cls)


class _SecretFiles(PydanticBaseSettingsSource):
    """The files that the environment names."""

    def get_field_value(self, _: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """See the base class, which wants it; all fields are read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Secret by field."""
        secrets = self.settings_cls.secrets() if issubclass(self.settings_cls, EnvironmentSettings) else {}
        return {secrets[variable]: value for variable, value in read_all(secrets, os.environ).items()}


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


S = TypeVar("S", bound=EnvironmentSettings)


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def read_settings(kind: type[S]) -> S:
    """Settings as the environment has them now.

    Raises:
        ConfigurationError: a variable's value is not one that it takes, or a secret's file cannot be read; the message
            names each such variable.
    """
    try:
        return kind()
    except ValidationError as error:
        raise ConfigurationError(
            f"The environment has settings that cannot be:{lines_of(error, named=_named)}"
        ) from None


def _named(field: str) -> str:
    """The variable that somebody has set, of the two that a secret has."""
    variable = variable_of(field)
    return file_variable(variable) if os.environ.get(file_variable(variable)) else variable
