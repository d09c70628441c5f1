"""How tokens of CRMs are encrypted before they are stored."""

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.blocks.secret_file import make_secret_file, read_secret_file
from groundwork.blocks.settings import settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SHORTEST_SECRET = 32
"""Characters of a secret."""
_FILE = "crm-secret"
_RECIPE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'


def sealed(text: str) -> str:
    """A text that only this installation can read again: AES-128-CBC with an HMAC (Fernet).

    Raises:
        ConfigurationError: production mode without ``GROUNDWORK_CRM_SECRET``, or one that is too short.
    """
    return _cipher().encrypt(text.encode()).decode()


def opened(text: str) -> str:
    """What :func:`sealed` has made a text of.

    Raises:
        ConfigurationError: none of the secrets has sealed it.
    """
    from cryptography.fernet import InvalidToken

    try:
        return _cipher().decrypt(text.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(
            "a CRM credential was encrypted with another GROUNDWORK_CRM_SECRET. Add that one behind the first, or give "
            "the credential anew: groundwork nurture connect"
        ) from None


def _cipher() -> "MultiFernet":
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError:
        raise ConfigurationError(
            "CRM credentials need the package cryptography: pip install 'groundwork[nurture]'"
        ) from None
    keys = (base64.urlsafe_b64encode(hashlib.sha256(each.encode()).digest()) for each in _secrets())
    return MultiFernet([Fernet(key) for key in keys])


def _secrets() -> list[str]:
    given = crm_settings().crm_secret
    if given is not None:
        found = [each.strip() for each in given.get_secret_value().split(",") if each.strip()]
        if not found or any(len(each) < SHORTEST_SECRET for each in found):
            raise ConfigurationError(
                f"GROUNDWORK_CRM_SECRET: a secret has {SHORTEST_SECRET} characters at least. Make one: {_RECIPE}"
            )
        return found
    if settings().in_production:
        raise ConfigurationError(
            f"tokens of CRMs are not kept in clear: set GROUNDWORK_CRM_SECRET, the same for all. Make one: {_RECIPE}"
        )
    path = settings().home.absolute() / _FILE
    return [read_secret_file(path) or make_secret_file(path, secrets.token_urlsafe(32))]
