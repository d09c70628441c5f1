"""A Prefect server that runs already, and that ``up`` joins instead of starting one."""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import WorkerStatus
from prefect.context import get_settings_context
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, get_current_settings, temporary_settings
from pydantic import ValidationError

from groundwork.blocks.cures import cure_of
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_client import one_try_per_request, prefect_client
from groundwork.blocks.secret_variable import secret_of
from groundwork.blocks.settings import Settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.up.home import PART_VARIABLE, PREFECT
from groundwork.deployments.up.own_origin import LOOPBACK

logger = logging.getLogger(__name__)

_CURE = "Or unset PREFECT_API_URL, and `groundwork up` starts a server of its own"


@dataclass(frozen=True)
class PrefectElsewhere:
    """A server that answers, and lets this process in.

    Attributes:
        api_url: as it was named.
        environment: Prefect's settings as this process has them, from the profile and from files too, which parts do
            not see. They hold the password.
    """

    api_url: str
    ui_url: str
    environment: dict[str, str] = field(repr=False)


def prefect_elsewhere(settings: Settings, home: Path) -> PrefectElsewhere | None:
    """The server that ``PREFECT_API_URL`` names, or a profile that ``PREFECT_PROFILE`` names; None where ``up`` is to
    start its own.

    The address at which it would start its own is joined if Prefect answers there, and taken for a leftover if not.

    Raises:
        ConfigurationError: it cannot be reached, does not let us in, or belongs to another home.
    """
    url = _named()
    if url is None or (_is_own_address(url, settings.prefect_port) and not _answers(url)):
        return None
    _refuse_other_home(url, home, settings)
    with temporary_settings({PREFECT_API_URL: url}):
        _refuse_unusable()
        current = get_current_settings()
        environment = current.to_environment_variables(exclude_unset=True)
        environment.pop("PREFECT_HOME", None)
        return PrefectElsewhere(url, current.ui_url or url.removesuffix("/api"), environment)


def worker_is_online(environment: Mapping[str, str], name: str) -> bool:
    """Whether a server that was joined has heard of a worker.

    Args:
        environment: with what leads to the server, and lets this process in.
    """
    given = {setting: environment.get(setting.name) for setting in (PREFECT_API_URL, PREFECT_API_AUTH_STRING)}
    try:
        with temporary_settings(given), one_try_per_request(), prefect_client() as client:
            workers = client.read_workers_for_work_pool(WORK_POOL)
    except (httpx.HTTPError, PrefectException):
        return False
    return any(worker.name == name and worker.status == WorkerStatus.ONLINE for worker in workers)


def _named() -> str | None:
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    url = get_current_settings().api.url
    profile = get_settings_context().profile
    if url and PREFECT_API_URL in profile.settings and not os.environ.get("PREFECT_PROFILE"):
        logger.info(
            "Prefect's profile %s names the server %s, which is not used: this one has its own. To join that one, say "
            "export PREFECT_API_URL=%s",
            *(profile.name, _without_password(url), _without_password(url)),
        )
        return None
    return url


def _is_own_address(url: str, port: int) -> bool:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return host in LOOPBACK and parts.scheme == "http" and (parts.port or 80) == port


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
        return httpx.get(f"{url.rstrip('/')}/health", timeout=5.0).is_success
    return False


def _refuse_other_home(url: str, home: Path, settings: Settings) -> None:
    """One server serves one inbox: workers of another would take this one's runs, and find no delivery."""
    own = settings.database_url.get_secret_value() if settings.database_url else None
    for other, database in _homes_with_server_at(url):
        if other != str(home) and (own is None or database != own):
            raise ConfigurationError(
                f"PREFECT_API_URL names the Prefect server of the `groundwork up` on {other}, which has another inbox. "
                f"{_CURE}."
            )


def _homes_with_server_at(url: str) -> Iterator[tuple[str, str | None]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            port = environment.get("GROUNDWORK_PREFECT_PORT", "")
            if environment.get(PART_VARIABLE) == PREFECT and port.isdecimal() and _is_own_address(url, int(port)):
                yield environment.get("GROUNDWORK_HOME", ""), _database_in(environment)


def _database_in(environment: dict[str, str]) -> str | None:
    """None where its file has gone since, too: another database is not known to be this one."""
    with contextlib.suppress(ConfigurationError):
        return secret_of("GROUNDWORK_DATABASE_URL", environment)
    return None


def _refuse_unusable() -> None:
    try:
        with one_try_per_request(), prefect_client() as client:
            _ask(client)
    except (httpx.HTTPError, httpx.InvalidURL, ValidationError, ValueError, PrefectException) as error:
        raise ConfigurationError(
            f"PREFECT_API_URL names a Prefect server to join, but {cure_of(error, 'joining it').text}. {_CURE}."
        ) from None


def _ask(client: SyncPrefectClient) -> None:
    """A request for which a password is asked, if one is at all."""
    client.read_work_pools(limit=1)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
