"""Links that work for whoever has them, kept out of what a sender is told: results may hold one, and so may errors."""

import re
from typing import Any

from groundwork.blocks.signed_link import FORM

LEFT_OUT = "(link left out)"
"""Stands where a link was."""

_URL = re.compile(r"""(?:https?:/)?/[^\s"'<>\\]+""", re.IGNORECASE)
_OPENS_BY_ITSELF = re.compile(
    # Ours (downloads, unsubscribe, of the console), then those that S3, Google, Azure and CloudFront sign.
    rf"/(?:downloads|unsubscribe)/{FORM}|/console/embed\?token=|[?&](?:X-Amz-Signature|X-Goog-Signature|Signature|sig)=",
    re.IGNORECASE,
)


def without_links(value: Any) -> Any:
    """A JSON value in which each signed link, at any depth, is left out; other links stay."""
    if isinstance(value, str):
        return _URL.sub(_kept, value) if "/" in value else value
    if isinstance(value, list):
        return [without_links(each) for each in value]
    if isinstance(value, dict):
        return {without_links(key): without_links(each) for key, each in value.items()}
    return value


def _kept(found: re.Match[str]) -> str:
    return LEFT_OUT if _OPENS_BY_ITSELF.search(found[0]) else found[0]
