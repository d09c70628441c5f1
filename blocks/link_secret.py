"""The secrets that sign links: of their own, since senders hold those of events."""

import secrets
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.secret_file import make_secret_file, read_secret_file
from groundwork.blocks.settings import settings

SHORTEST_SECRET = 32
"""Characters of a secret."""

_FILE = "link-secret"
_RECIPE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'


def link_secrets(*, make: bool) -> list[bytes]:
    """The secrets of this installation: the first signs, all verify.

    They are those of ``GROUNDWORK_LINK_SECRET``. Where it is not set, development mode has one in its home, which only
    its own user can read.

    Args:
        make: make the one of the home if it is not there.

    Returns:
        Nothing where nothing has been signed yet and ``make`` is False.

    Raises:
        ConfigurationError: production mode without a secret; or one is too short, or is one that senders hold; or the
            file of the home is not fit to hold a secret.
    """
    given = settings().link_secret
    if given is not None:
        return [each.encode() for each in _checked(given.get_secret_value())]
    if settings().in_production:
        raise ConfigurationError(
            "links are not signed without a secret of their own: set GROUNDWORK_LINK_SECRET to the same value for "
            f"gateway and workers. Make one: {_RECIPE}"
        )
    path = settings().home.absolute() / _FILE
    if make:
        return [_made(path).encode()]
    found = read_secret_file(path)
    return [found.encode()] if found else []


@process_cache
def _made(path: Path) -> str:
    return read_secret_file(path) or make_secret_file(path, secrets.token_urlsafe(32))


def _checked(listed: str) -> list[str]:
    found = [each.strip() for each in listed.split(",") if each.strip()]
    if not found or any(len(each) < SHORTEST_SECRET for each in found):
        raise ConfigurationError(
            f"GROUNDWORK_LINK_SECRET: a secret has {SHORTEST_SECRET} characters at least. Make one: {_RECIPE}"
        )
    signing = settings().signing_secret
    held_by_senders = {each.strip() for each in (signing.get_secret_value() if signing else "").split(",")}
    if not held_by_senders.isdisjoint(found) or settings().event_key.get_secret_value() in found:
        raise ConfigurationError(
            "GROUNDWORK_LINK_SECRET holds a secret that senders of events have, and could sign links with. "
            f"Make one of its own: {_RECIPE}"
        )
    return found
