"""The limit on steps of one workspace that call providers at once: a Prefect limit on the tag ``workspace:<id>``."""

import logging

import httpx
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_URL

from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings
from groundwork.events.identifiers import workspace_tag

logger = logging.getLogger(__name__)

TAG_PREFIX = workspace_tag("")


def provider_tag(workspace_id: str) -> str:
    """The tag of a workspace's steps that call providers; there is a limit on it, as far as Prefect answers.

    A limit that is there already is left as it is: a person may have changed it in the UI.
    """
    tag = workspace_tag(workspace_id)
    try:
        _ensure_limit(tag)
    except httpx.HTTPError as error:
        logger.warning("no limit on the tag %s yet, Prefect is away: %s", tag, error or type(error).__name__)
    return tag


@process_cache
def _ensure_limit(tag: str) -> None:
    name = f"tag:{tag}"
    with prefect_client(LONGEST_PAUSE) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            limit = GlobalConcurrencyLimitCreate(name=name, limit=settings().workspace_provider_limit)
            try:
                client.create_global_concurrency_limit(limit)
            except ObjectAlreadyExists:
                logger.debug("another run made the limit on %s meanwhile", tag)


def prefect_went_away(error: BaseException | None) -> bool:
    """Whether an error says that Prefect's server is not there or has no database, and nothing about the request.

    A step asks for its slot, and gives it back, by clients of their own, which do not wait for a server that they have
    never reached.
    """
    if isinstance(error, ConcurrencySlotAcquisitionError):
        return prefect_went_away(error.__cause__)
    if not isinstance(error, httpx.TransportError | httpx.HTTPStatusError):
        return False
    if isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error:
        return False
    # A provider that is away is the step's own affair.
    return str(error.request.url).startswith(str(PREFECT_API_URL.value()))
