"""``groundwork env``."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from groundwork.blocks.secret_variable import OF_PREFECT, PREFIX, SUFFIX, file_variable
from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

HIDDEN = "********"


@dataclass(frozen=True)
class Variable:
    """A variable that a part needs.

    Attributes:
        name: with _FILE where a file holds the value, whose path is the value here.
        value: as it is here; None where it is not set, HIDDEN where it is a secret.
        needed: whether the part does not work without it.
        why: what it is for, and what goes wrong.
    """

    name: str
    value: str | None
    needed: bool
    why: str


@dataclass(frozen=True)
class _Asked:
    name: str
    why: str
    needed: bool = False
    secret: bool = False

    @property
    def by_file(self) -> bool:
        """Whether a file may hold it."""
        return self.secret and (self.name.startswith(PREFIX) or self.name in OF_PREFECT)


_DATABASE = (
    _Asked("GROUNDWORK_DATABASE_URL", "PostgreSQL of the inbox and the applications", needed=True, secret=True),
    _Asked("GROUNDWORK_DATABASE_DIRECT_URL", "behind a pooler: PostgreSQL itself", secret=True),
)
_PREFECT = (
    _Asked("PREFECT_API_URL", "Prefect's server, such as http://prefect:4200/api", needed=True),
    _Asked("PREFECT_API_AUTH_STRING", "what the server has as PREFECT_SERVER_API_AUTH_STRING", secret=True),
)
_STORE = (
    _Asked("GROUNDWORK_STORAGE_URL", "s3://bucket/prefix, the same for gateway and workers", needed=True),
    _Asked("AWS_ACCESS_KEY_ID", "of S3, unless the machine has a role", secret=True),
    _Asked("AWS_SECRET_ACCESS_KEY", "of S3, unless the machine has a role", secret=True),
    _Asked("AWS_ENDPOINT_URL", "of an S3 store that is not AWS"),
    _Asked("AWS_REGION", "of the bucket"),
)
_LINKS = (
    _Asked("GROUNDWORK_LINK_SECRET", "signs links in mails; the same for gateway and workers", secret=True),
    _Asked("GROUNDWORK_PUBLIC_URL", "where people reach the gateway, for links in mails"),
)
_COMMON = (
    _Asked("GROUNDWORK_MODE", "production refuses what only suits a developer's machine"),
    _Asked("GROUNDWORK_APPLICATIONS", "the applications that are loaded; the same everywhere"),
    _Asked("GROUNDWORK_LOG_FORMAT", "json: a JSON object per line"),
)
_ENCRYPTION = _Asked(
    "PREFECT_SERVER_ENCRYPTION_KEY", "encrypts secrets of blocks; the same for all servers and services", secret=True
)
_SERVER = (
    *_DATABASE[:1],
    _Asked(
        "GROUNDWORK_PREFECT_DATABASE_URL", "Prefect's database, where it is not `prefect` beside the inbox", secret=True
    ),
    _Asked("GROUNDWORK_REDIS_URL", "shared by all servers and services; needed where there are several", secret=True),
    _Asked("PREFECT_API_URL", "the name under which other machines reach it, which it answers to"),
    _Asked("PREFECT_SERVER_API_AUTH_STRING", "user:password that it asks for", secret=True),
    _ENCRYPTION,
    _Asked("GROUNDWORK_MODE", "production refuses to start without a sign-in"),
)
PARTS: dict[str, tuple[_Asked, ...]] = {
    "deploy": (*_DATABASE, *_PREFECT, *_STORE, *_COMMON),
    "gateway": (
        *_DATABASE,
        *_PREFECT,
        *_STORE,
        _Asked("GROUNDWORK_HOST", "address to listen on; 0.0.0.0 in a container"),
        _Asked("GROUNDWORK_EVENT_KEY", "of senders, unless the block ingest-keys has keys", secret=True),
        _Asked("GROUNDWORK_SIGNING_SECRET", "with which senders sign; production mode demands it", secret=True),
        *_LINKS,
        *_COMMON,
    ),
    "relay": (
        *_DATABASE,
        *_PREFECT,
        _Asked("GROUNDWORK_HOST", "address of /healthz and /readyz; 0.0.0.0 in a container"),
        *_COMMON,
    ),
    "worker": (
        *_DATABASE,
        *_PREFECT,
        *_STORE,
        _Asked("GROUNDWORK_HOST", "address of /healthz and /readyz; 0.0.0.0 in a container"),
        _Asked("GROUNDWORK_SMTP_URL", "mail server; without it mails are files of this machine", secret=True),
        _Asked("GROUNDWORK_MAIL_FROM", "sender of mails"),
        *_LINKS,
        *_COMMON,
    ),
    "prefect-server": _SERVER,
    "prefect-services": tuple(each for each in _SERVER if each is _ENCRYPTION or not each.name.startswith("PREFECT_")),
}
"""What each part is told by its environment. Their other settings have defaults that suit most."""


def env(
    part: Annotated[str | None, typer.Argument(help=f"One of {', '.join(PARTS)}. Default: all of them.")] = None,
    home: HomeOption = None,
    secrets: Annotated[bool, typer.Option("--secrets", help="Print secrets, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what each part needs to be told, with the values that this machine has, as lines of an environment file.

    What is needed and not set is a comment that says so. A secret that a file holds is the path of the file.
    docs/settings.md has all settings.

    Examples:

      groundwork env worker

      groundwork env gateway --secrets > gateway.env
    """
    files = {name: path for name, path in os.environ.items() if name.endswith(SUFFIX) and path}
    use_home(home)
    if part is not None and part not in PARTS:
        raise typer.BadParameter(f"there is no part {part!r}; there are {', '.join(PARTS)}")
    found = {name: list(_variables(asked, files, secrets)) for name, asked in PARTS.items() if part in (None, name)}
    if as_json:
        print(json.dumps({name: [asdict(each) for each in variables] for name, variables in found.items()}))
        return
    for name, variables in found.items():
        print(f"# groundwork {name}")
        for each in variables:
            print("\n".join(_lines(each)))
        print()


def _variables(asked: tuple[_Asked, ...], files: Mapping[str, str], secrets: bool) -> Iterator[Variable]:
    for each in asked:
        if each.by_file and (path := files.get(file_variable(each.name))):
            yield Variable(file_variable(each.name), path, each.needed, each.why)
            continue
        value = os.environ.get(each.name) or None
        shown = HIDDEN if value and each.secret and not secrets else value
        yield Variable(each.name, shown, each.needed, each.why)


def _lines(variable: Variable) -> Iterator[str]:
    yield f"# {variable.why}{'' if variable.value or not variable.needed else ': NEEDED, and not set'}"
    if variable.value and variable.value != HIDDEN:
        yield f"{variable.name}={variable.value}"
    else:
        yield f"#{variable.name}={variable.value or ''}"
