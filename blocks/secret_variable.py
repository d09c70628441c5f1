"""Secrets that a file holds and a variable only names: ``GROUNDWORK_EVENT_KEY_FILE=/run/secrets/event-key``.

Container engines and systemd give secrets as files, which stay out of the environment, and so out of listings of
processes and of crash reports. Unlike the files of a home they are owned by whoever the engine chooses, and often are
readable by all.
"""

import os
import stat
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import TypeVar

from groundwork.blocks.errors import ConfigurationError

V = TypeVar("V")

PREFIX = "GROUNDWORK_"
SUFFIX = "_FILE"
MOST_BYTES = 64 * 1024
"""Larger files are refused: one that was named by mistake, such as a disk, is not read to its end."""
OF_PREFECT = (
    "PREFECT_API_AUTH_STRING",
    "PREFECT_API_KEY",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_SERVER_ENCRYPTION_KEY",
)
"""Secrets of Prefect, which knows no such files itself. A part that starts reads them, and hands them on."""


def file_variable(variable: str) -> str:
    """The variable that names the file of another one's value."""
    return f"{variable}{SUFFIX}"


def secret_of(variable: str, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret as the environment has it, by its value or by its file; None where it has neither.

    Args:
        environment: default: that of this process.

    Raises:
        ConfigurationError: both are given, or the file holds no secret; the message has no content of it.
    """
    environment = os.environ if environment is None else environment
    value, named = environment.get(variable) or None, environment.get(file_variable(variable))
    if not named:
        return value
    if value is not None:
        raise ConfigurationError(f"{variable} and {file_variable(variable)} are both set. Leave one of them out.")
    try:
        return _content(Path(named))
    except ValueError as error:
        raise ConfigurationError(f"{file_variable(variable)}: {error}") from None


def laid_over(environment: Mapping[str, V], more: Mapping[str, V]) -> dict[str, V]:
    """An environment with another one on top. Of the two variables that a secret has, that of the upper one counts."""
    hidden = {_other_variable(name) for name in more}
    return {**{name: value for name, value in environment.items() if name not in hidden}, **more}


def _other_variable(name: str) -> str:
    """The other one of the two that a secret of ours has; no variable's name for any other program's."""
    if not name.startswith((PREFIX, *OF_PREFECT)):
        return ""
    return name.removesuffix(SUFFIX) if name.endswith(SUFFIX) else file_variable(name)


def read_secrets_of_prefect(environment: MutableMapping[str, str]) -> bool:
    """Put Prefect's secrets into an environment, where files hold them.

    Returns:
        Whether there was one.

    Raises:
        ConfigurationError: see :func:`secret_of`; the message names every variable that is wrong.
    """
    found = read_all(OF_PREFECT, environment)
    for variable in OF_PREFECT:
        # A process that is started with this environment finds the value, and no second source of it.
        environment.pop(file_variable(variable), None)
    environment.update(found)
    return bool(found)


def read_all(variables: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The secrets that files hold, by variable.

    Raises:
        ConfigurationError: see :func:`secret_of`; the message names every variable that is wrong.
    """
    found, faults = {}, []
    for variable in variables:
        if not environment.get(file_variable(variable)):
            continue
        try:
            if (value := secret_of(variable, environment)) is not None:
                found[variable] = value
        except ConfigurationError as error:
            faults.append(f"\n  {error}")
    if faults:
        raise ConfigurationError(f"The environment has secrets that cannot be read:{''.join(faults)}")
    return found


def _content(path: Path) -> str:
    """
    Raises:
        ValueError: it is no file with a secret; says what to do.
    """
    if not path.is_absolute():
        raise ValueError(f"{path} is a relative path, and runs work in other folders. Give an absolute one.")
    try:
        # A pipe would keep the part waiting, and a device has no end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is no file. Name the file of the secret.")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist. Name the file of the secret.") from None
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}). Let user {os.geteuid()} of this process read it."
        ) from None
    if len(raw) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES:,} bytes, which is no secret. Name the file of the secret.")
    try:
        secret = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8. Write the secret as text.") from None
    if not secret:
        raise ValueError(f"{path} is empty. Write the secret into it.")
    if not secret.isprintable():
        raise ValueError(
            f"{path} has several lines, or characters that cannot be printed. Write the secret alone, on one line."
        )
    return secret
