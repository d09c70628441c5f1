"""Paths of requests as they may be told: what opens a door stands in some of them."""

import re

from groundwork.deployments.gateway.faults import shortened

LONGEST_TARGET = 200
"""Characters of a path in a log."""
_TOKEN = re.compile(r"^(/(?:downloads|unsubscribe)/|(?:/[^/]+)?/hooks/[^/]+/).*", re.DOTALL)
"""What stands in a path before what opens a door: a token, or the secret of a provider that signs nothing."""
_EVENT_KEY = re.compile(r"^((?:.*?/)?e/+).+", re.DOTALL | re.IGNORECASE)
"""What stands before an event key, behind whatever a client has put before it by mistake."""
_SEGMENT = re.compile(r"(?:^|/)e(?:/|$)", re.IGNORECASE)


def told_path(path: str) -> str:
    """A path for a log or an answer: without keys, tokens and secrets, and not too long."""
    return shortened(_EVENT_KEY.sub(r"\1…", _TOKEN.sub(r"\1…", path)), LONGEST_TARGET)


def is_of_inngest(path: str) -> bool:
    """Whether a client of Inngest may have sent a request there, by whatever base URL it was given."""
    return _SEGMENT.search(path) is not None
