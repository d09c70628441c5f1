"""Paths of requests as they may be told: what opens a door stands in some of them."""

import re

from groundwork.deployments.gateway.faults import shortened

LONGEST_TARGET = 200
"""Characters of a path in a log."""
_DOOR = re.compile(
    r"^((?:.*?/)?(?:(?:e|downloads|unsubscribe)/+|hooks/+[^/]+/+)).+",
    re.DOTALL | re.IGNORECASE,
)
"""What stands in a path before what opens a door: an event key, a token, or the secret of a provider that signs
nothing; behind whatever a client or a proxy has put before it by mistake."""
_SEGMENT = re.compile(r"(?:^|/)e(?:/|$)", re.IGNORECASE)


def told_path(path: str) -> str:
    """A path for a log or an answer: without keys, tokens and secrets, and not too long."""
    return shortened(_DOOR.sub(r"\1…", path), LONGEST_TARGET)


def is_of_inngest(path: str) -> bool:
    """Whether a client of Inngest may have sent a request there, by whatever base URL it was given."""
    return _SEGMENT.search(path) is not None
