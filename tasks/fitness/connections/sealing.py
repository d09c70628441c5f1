"""Sealed tokens: AES-256-GCM, bound to whose they are, so that one row's token is worth nothing in another row.

A sealed token is a version byte, a nonce of 12 bytes, and what AES-GCM made (NIST SP 800-38D).
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from groundwork.blocks.errors import ConfigurationError, NonRetriable
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.secret_file import make_secret_file, read_secret_file
from groundwork.blocks.settings import settings
from groundwork.tasks.fitness.settings import fitness_settings

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_FILE = "wearable-token-key"
_RECIPE = 'python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'


class SealBroken(NonRetriable):
    """A stored token cannot be opened: none of GROUNDWORK_WEARABLE_TOKEN_KEYS sealed it, or it was sealed for another
    member. Give the old key back and run `groundwork dead replay`, or let the member connect anew."""


def seal(token: str, owner: str) -> bytes:
    """Seal a token for storage.

    Args:
        token: in clear.
        owner: names the row and the token; the same text opens it.

    Raises:
        ConfigurationError: no key, or one that is none.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(_keys()[0]).encrypt(nonce, token.encode(), owner.encode())


def unseal(sealed: bytes, owner: str) -> str:
    """Open a sealed token.

    Raises:
        SealBroken: no key opens it for this owner.
        ConfigurationError: no key, or one that is none.
    """
    version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if version == _VERSION and len(nonce) == _NONCE_BYTES:
        for key in _keys():
            try:
                return AESGCM(key).decrypt(nonce, body, owner.encode()).decode()
            except InvalidTag:
                continue
    raise SealBroken


@process_cache
def _keys() -> list[bytes]:
    """The keys of this installation: the first seals, all open."""
    given = fitness_settings().wearable_token_keys
    if given is None:
        if settings().in_production:
            raise ConfigurationError(
                "tokens of wearables are not stored without a key: set GROUNDWORK_WEARABLE_TOKEN_KEYS to one value "
                f"for all workers. Make one: {_RECIPE}"
            )
        path = settings().home.absolute() / _FILE
        made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        return [_key(read_secret_file(path) or make_secret_file(path, made))]
    keys = [_key(each.strip()) for each in given.get_secret_value().split(",") if each.strip()]
    if not keys:
        raise ConfigurationError(f"GROUNDWORK_WEARABLE_TOKEN_KEYS holds no key. Make one: {_RECIPE}")
    return keys


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        # Not the text: it may be a real key with one character too many.
        raise ConfigurationError(
            f"GROUNDWORK_WEARABLE_TOKEN_KEYS: a key is {KEY_BYTES} bytes in base64. Make one: {_RECIPE}"
        )
    return key
