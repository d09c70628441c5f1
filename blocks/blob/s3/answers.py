"""What S3 answers with: codes of errors, and etags."""

import base64
import hashlib
from collections.abc import Sequence
from typing import cast

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

NOT_THERE = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})
"""Codes of a store that does not have an operation."""

NO_SUCH_RANGE = frozenset({"InvalidRange", "RequestedRangeNotSatisfiable", "416"})
"""Codes of a range that begins behind the end."""

_REGION = (
    "The region is not the bucket's: set AWS_REGION, or the block's, to the one that the message or the store names"
)

CURES = {
    "RequestTimeTooSkewed": "The clocks of this machine and of the store differ by more than "
    "15 minutes. Set the one that is wrong (NTP)",
    "InvalidAccessKeyId": "Check the credentials: the store does not know the access key ID",
    "SignatureDoesNotMatch": "Check the credentials: the secret access key does not belong to the ID, or a proxy in "
    "between changes host, path or headers of the request",
    "ExpiredToken": "Check the credentials: those of this session are over",
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "301": _REGION,
}
"""What to do where the code says more than that access is refused."""


def md5(content: bytes | memoryview) -> str:
    """The etag of a blob that came in one request, in hex. Stores that encrypt with a key of a KMS give another."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def content_md5(content: bytes | memoryview) -> str:
    """The header by which a store refuses content that arrives damaged."""
    return base64.b64encode(bytes.fromhex(md5(content))).decode()


def plain_etag(etag: str | None) -> str:
    """An etag without quotes and mark of weakness; empty where there is none."""
    return (etag or "").removeprefix("W/").strip('"')


def error_code(error: BaseException | None) -> str | None:
    """The S3 error code behind an error, as botocore's ClientError down the chain has it."""
    while error is not None and not isinstance(error, ClientError):
        error = error.__cause__
    return cast(str, error.response["Error"]["Code"]) if error is not None else None


def etag_of_parts(etags: Sequence[str]) -> str | None:
    """The etag that S3 gives to a blob of these parts; None where theirs are no MD5 (encryption with a KMS key)."""
    try:
        digests = b"".join(bytes.fromhex(etag) for etag in etags)
    except ValueError:
        return None
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(etags)}"
