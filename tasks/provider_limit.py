"""The limit on steps of one workspace that call providers at once: a Prefect limit on the tag ``workspace:<id>``."""

import logging
from functools import lru_cache

import httpx
from prefect import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from blocks.settings import settings

logger = logging.getLogger(__name__)

TAG_PREFIX = "workspace:"


def provider_tag(workspace_id: str) -> str:
    """The tag of a workspace's steps that call providers; there is a limit on it, as far as Prefect answers.

    A limit that is there already is left as it is: a person may have changed it in the UI.
    """
    tag = f"{TAG_PREFIX}{workspace_id}"
    try:
        _ensure_limit(tag)
    except httpx.HTTPError as error:
        logger.warning("no limit on the tag %s yet, Prefect is away: %s", tag, error or type(error).__name__)
    return tag


@lru_cache(maxsize=10_000)
def _ensure_limit(tag: str) -> None:
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            limit = GlobalConcurrencyLimitCreate(name=name, limit=settings().workspace_provider_limit)
            try:
                client.create_global_concurrency_limit(limit)
            except ObjectAlreadyExists:
                logger.debug("another run made the limit on %s meanwhile", tag)
