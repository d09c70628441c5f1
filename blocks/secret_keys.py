"""What blocks that hold keys have in common: keys are hidden, looked for in constant time, and told apart."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from prefect.blocks.core import Block, schema_extra
from pydantic import SecretStr

from groundwork.blocks.errors import ConfigurationError

SHORTEST_KEY = 16
"""Characters of a key in production mode."""
KEY_RECIPE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
"""A command that makes a good one."""


class Keyed(Protocol):
    """An entry of such a block."""

    @property
    def name(self) -> str:
        """Tells entries apart."""
        ...

    @property
    def key(self) -> SecretStr:
        """What its holder shows."""
        ...


Entry = TypeVar("Entry", bound=Keyed)


def hide_entries(schema: dict[str, Any], model: type[Block]) -> None:
    """Make the whole list of a block's entries secret: Prefect hides no secret that lies within a list."""
    schema_extra(schema, model)
    schema["secret_fields"] = ["entries"]


def find_key(entries: Sequence[Entry], key: str) -> Entry | None:
    """The entry with this key. Takes equally long whichever it is, and whether or not there is one."""
    wanted, found = _digest(key), None
    for entry in entries:
        if hmac.compare_digest(_digest(entry.key.get_secret_value()), wanted):
            found = entry
    return found


def refuse_shared(entries: Sequence[Keyed], which: str, cure: str) -> None:
    """Refuse entries that share a name or a key.

    Args:
        which: what they are called together.
        cure: what to do, for the message.

    Raises:
        ConfigurationError: names the entries.
    """
    for field, values in (
        ("name", [entry.name for entry in entries]),
        ("key", [_digest(entry.key.get_secret_value()).hex() for entry in entries]),
    ):
        if values and (most := Counter(values).most_common(1)[0])[1] > 1:
            names = [entry.name for entry, each in zip(entries, values, strict=True) if each == most[0]]
            raise ConfigurationError(f"{which} {names} share one {field}; {cure}")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()
