"""The IngestKeys block: who may send which events, and how each sender proves itself."""

import re
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.secret_keys import KEY_RECIPE, SHORTEST_KEY, find_key, hide_entries, refuse_shared
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY, settings
from groundwork.blocks.signing_secret import key_of
from groundwork.blocks.workspace_path import WORKSPACE_PATTERN

OF_KEY = "key"
"""Stands for the one workspace of a key, where a path to a workspace is wanted."""
SHORTEST_SECRET = 24
"""Bytes of a signing secret; the Standard Webhooks specification 1.0.0 asks for 24 to 64."""

_SIGNING_RECIPE = (
    "python -c \"import base64, secrets; print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\""
)


_IN_PATH = re.compile(r"[A-Za-z0-9_-]+")


class IngestKey(BaseModel):
    """One sender: its key, what it may send, and the secrets that it signs with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Name of the sender, as the inbox records it.")
    key: SecretStr = Field(description="Bearer key.")
    workspaces: list[str] | Literal["*"] = Field("*", description='Workspaces it may send for; "*" is all.')
    events: list[str] | Literal["*"] = Field(
        "*", description='Events it may send, by name or by beginning ("import/*"); "*" is all.'
    )
    signing_secrets: list[SecretStr] = Field(
        default_factory=list, description="Standard Webhooks secrets (whsec_…). Several while they are rotated."
    )
    in_path: bool = Field(
        False,
        description="For Inngest's clients: the key stands in the path of POST /e/<key>, where nothing is signed, and "
        "is good for nothing else.",
    )
    workspace_from: str = Field(
        "data.workspaceId",
        pattern=rf"{WORKSPACE_PATTERN}|^{OF_KEY}$",
        description="Where events that come by POST /e/<key> say their workspace, unless their type does: a path such "
        "as data.orgId; or key, for the one workspace of the key.",
    )

    def allows_workspace(self, workspace_id: str) -> bool:
        """Whether the sender may send, and see, events of a workspace."""
        return self.workspaces == "*" or workspace_id in self.workspaces

    def allows_event(self, name: str) -> bool:
        """Whether the sender may send events of a name."""
        return self.events == "*" or any(_matches(pattern, name) for pattern in self.events)

    def secret_bytes(self) -> list[bytes]:
        """The signing secrets, decoded.

        Raises:
            ConfigurationError: a secret is not base64, or shorter than 24 bytes.
        """
        return [self._decoded(secret.get_secret_value()) for secret in self.signing_secrets]

    def _decoded(self, secret: str) -> bytes:
        try:
            decoded = key_of(secret)
        except ValueError:
            raise ConfigurationError(
                f"event key {self.name!r}: a signing secret is not base64 after whsec_. Make one: {_SIGNING_RECIPE}"
            ) from None
        if len(decoded) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"event key {self.name!r}: a signing secret has {len(decoded)} bytes; {SHORTEST_SECRET} are the least. "
                f"Make one: {_SIGNING_RECIPE}"
            )
        return decoded


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _development_keys() -> list[IngestKey]:
    where = settings().inngest_workspace
    return [IngestKey(name="development", key=SecretStr(DEVELOPMENT_EVENT_KEY), workspace_from=where)]


class IngestKeys(ConfiguredBlock):
    """Every sender that the gateway knows. Left empty, it is the one development key, which production mode refuses."""

    _block_type_name: ClassVar[str] = "Groundwork Ingest Keys"
    _block_type_slug: ClassVar[str] = "groundwork-ingest-keys"
    _description: ClassVar[str] = "Who may send which events to the gateway, for which workspaces."
    document: ClassVar[str] = "ingest-keys"
    model_config = ConfigDict(json_schema_extra=hide_entries)

    entries: list[IngestKey] = Field(default_factory=_development_keys, min_length=1, title="Senders")

    @classmethod
    def from_settings(cls) -> Self | None:
        """The key of GROUNDWORK_EVENT_KEY with the secrets of GROUNDWORK_SIGNING_SECRET, and that of
        GROUNDWORK_INNGEST_KEY; None where all are unset."""
        key, secret, in_path = settings().event_key, settings().signing_secret, settings().inngest_key
        if key.get_secret_value() == DEVELOPMENT_EVENT_KEY and secret is None and in_path is None:
            return None
        secrets = [SecretStr(each.strip()) for each in secret.get_secret_value().split(",")] if secret else []
        where = settings().inngest_workspace
        entries = [IngestKey(name="default", key=key, signing_secrets=secrets, workspace_from=where)]
        if in_path is not None:
            entries.append(IngestKey(name="inngest", key=in_path, in_path=True, workspace_from=where))
        return cls(entries=entries)

    def find(self, key: str) -> IngestKey | None:
        """The sender with this key. Takes equally long whichever it is, and whether or not there is one."""
        return find_key(self.entries, key)

    def check(self, *, production: bool) -> None:
        """Refuse a configuration that is ambiguous or, in production mode, not safe.

        Raises:
            ConfigurationError: names the sender, the cause and the cure.
        """
        refuse_shared(self.entries, "event keys", "give each sender its own")
        for entry in self.entries:
            entry.secret_bytes()
            _check_path(entry)
            if production:
                _check_for_production(entry)


def _check_path(entry: IngestKey) -> None:
    if entry.workspace_from == OF_KEY and (entry.workspaces == "*" or len(entry.workspaces) != 1):
        raise ConfigurationError(
            f"event key {entry.name!r}: with workspace_from: key, its workspaces have to be exactly one"
        )
    if not entry.in_path:
        return
    if entry.signing_secrets:
        raise ConfigurationError(
            f"event key {entry.name!r} stands in paths (in_path), where nothing is signed: leave its secrets out"
        )
    if not _IN_PATH.fullmatch(entry.key.get_secret_value()):
        raise ConfigurationError(
            f"event key {entry.name!r} stands in paths (in_path), and Inngest's clients escape nothing: use letters, "
            f"digits, - and _ only. Make one: {KEY_RECIPE}"
        )


def _check_for_production(entry: IngestKey) -> None:
    key = entry.key.get_secret_value()
    if key == DEVELOPMENT_EVENT_KEY:
        raise ConfigurationError(
            f"event key {entry.name!r} is the development default, which anybody knows. "
            f"Set GROUNDWORK_EVENT_KEY; make a key: {KEY_RECIPE}"
        )
    if len(key) < SHORTEST_KEY:
        raise ConfigurationError(
            f"event key {entry.name!r} has {len(key)} characters; {SHORTEST_KEY} are the least in production mode. "
            f"Make one: {KEY_RECIPE}"
        )
    if not entry.signing_secrets and not entry.in_path:
        raise ConfigurationError(
            f"event key {entry.name!r} has no signing secret, which production mode demands. "
            f"Set GROUNDWORK_SIGNING_SECRET; make one: {_SIGNING_RECIPE}"
        )
