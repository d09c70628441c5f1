"""The ConsoleKeys block: who may sign in to the console, and what they may do there."""

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.secret_keys import KEY_RECIPE, SHORTEST_KEY, find_key, hide_entries, refuse_shared
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY, settings

ANY_WORKSPACE = "*"


class ConsoleKey(BaseModel):
    """One key of the console, which a person or a team signs in with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Who has it: the audit records this name.")
    key: SecretStr = Field(description="What is typed to sign in.")
    role: Literal["viewer", "operator"] = Field(
        "viewer", description="viewer looks; operator replays, discards, pauses and sets lanes too."
    )
    workspace: str = Field(
        ANY_WORKSPACE,
        min_length=1,
        max_length=128,
        description='The one workspace that it sees; "*" is all. An operator sees all.',
    )

    @property
    def is_development(self) -> bool:
        """Whether anybody knows it."""
        return self.key.get_secret_value() == DEVELOPMENT_EVENT_KEY


def _default_keys() -> list[ConsoleKey]:
    if settings().in_production:
        return []
    return [ConsoleKey(name="development", key=SecretStr(DEVELOPMENT_EVENT_KEY), role="operator")]


class ConsoleKeys(ConfiguredBlock):
    """Every key of the console. Left empty, it is the one development key, with which nobody can sign in from another
    machine; in production mode it is none."""

    _block_type_name: ClassVar[str] = "Groundwork Console Keys"
    _block_type_slug: ClassVar[str] = "groundwork-console-keys"
    _description: ClassVar[str] = "Who may sign in to the console, as viewer or operator, for which workspace."
    document: ClassVar[str] = "console-keys"
    model_config = ConfigDict(json_schema_extra=hide_entries)

    entries: list[ConsoleKey] = Field(default_factory=_default_keys, title="Keys")

    @classmethod
    def from_settings(cls) -> Self | None:
        """The keys of GROUNDWORK_CONSOLE_KEY and GROUNDWORK_CONSOLE_VIEWER_KEY; None where both are unset."""
        entries = []
        if operator := settings().console_key:
            entries.append(ConsoleKey(name="operator", key=operator, role="operator"))
        if viewer := settings().console_viewer_key:
            entries.append(ConsoleKey(name="viewer", key=viewer))
        return cls(entries=entries) if entries else None

    def find(self, key: str) -> ConsoleKey | None:
        """The entry with this key. Takes equally long whichever it is, and whether or not there is one."""
        return find_key(self.entries, key)

    def named(self, name: str) -> ConsoleKey | None:
        """The entry of this name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def check(self, *, production: bool, held_by_senders: Iterable[str] = ()) -> None:
        """Refuse keys that are ambiguous or not safe.

        Args:
            production: whether what only suits a developer's machine is refused.
            held_by_senders: keys of senders of events, who are not to read payloads.

        Raises:
            ConfigurationError: the message names the entry and the cure.
        """
        refuse_shared(self.entries, "console keys", "give each its own")
        known = set(held_by_senders)
        for entry in self.entries:
            _check(entry, known, production=production)


def _check(entry: ConsoleKey, held_by_senders: set[str], *, production: bool) -> None:
    key, which = entry.key.get_secret_value(), f"console key {entry.name!r}"
    if entry.role == "operator" and entry.workspace != ANY_WORKSPACE:
        raise ConfigurationError(f"{which}: an operator sees all workspaces; make it a viewer, or leave workspace out")
    if not key:
        raise ConfigurationError(f"{which} is empty. Make one: {KEY_RECIPE}")
    if entry.is_development and production:
        raise ConfigurationError(
            f"{which} is the development default, which anybody knows. Set GROUNDWORK_CONSOLE_KEY. Make one: "
            f"{KEY_RECIPE}"
        )
    if production and len(key) < SHORTEST_KEY:
        raise ConfigurationError(
            f"{which} has {len(key)} characters; {SHORTEST_KEY} are the least in production mode. Make one: "
            f"{KEY_RECIPE}"
        )
    if key in held_by_senders and not entry.is_development:
        raise ConfigurationError(
            f"{which} is a key of events too, whose senders could read every payload. Make one of its own: {KEY_RECIPE}"
        )
