"""Links to the gateway. Whoever has one can download one blob of a folder store, until the link expires."""

import json
import mimetypes
import re
import time
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Self
from urllib.parse import quote

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.signed_link import signed_payload, signed_url

LONGEST_LINK = timedelta(days=7)
"""What S3 allows a presigned URL (signature version 4)."""

LONGEST_FILENAME = 255
"""Characters; the limit of most file systems."""

_PURPOSE = "downloads"
_CLOCK_SECONDS = 300
"""Seconds by which the clocks of the two machines may differ, the one that signs and the one that reads."""
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,127}(; ?[\w.+-]{1,64}=[\w.+-]{1,64}){0,4}", re.ASCII)
_PLAIN_CHARACTERS = "!#$&+-.^_`|~"
"""Characters that RFC 8187 leaves as they are in a ``filename*``, besides letters and digits."""


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """What a link says.

    Attributes:
        key: of the blob.
        filename: under which it is saved.
        content_type: media type it is served as.
        expires_at: seconds since 1970, UTC.
    """

    key: str
    filename: str
    content_type: str
    expires_at: int

    @classmethod
    def to(cls, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> Self:
        """A link from now on; where the content type is None it goes by the file name's ending."""
        content_type = content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
        return cls(key, filename, content_type, int(time.time() + expires_in.total_seconds()))

    @classmethod
    def read(cls, token: str) -> Self | None:
        """What a token says; None for one that was not signed here, or that lives longer than a link may. Whether it
        has expired is left to the caller."""
        payload = signed_payload(_PURPOSE, token)
        match json.loads(payload) if payload is not None else None:
            case [str(key), str(filename), str(content_type), int(expires_at)]:
                link = cls(key, filename, content_type, expires_at)
                return link if link.expires_at <= time.time() + LONGEST_LINK.total_seconds() + _CLOCK_SECONDS else None
        return None

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return time.time() >= self.expires_at

    def url(self) -> str:
        """The link itself.

        Raises:
            ConfigurationError: no secret to sign with.
            ValueError: key and file name are too long together.
        """
        return signed_url(_PURPOSE, json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":")))


def checked_lifetime(expires_in: timedelta) -> timedelta:
    """The lifetime of a link itself.

    Raises:
        ConfigurationError: longer than S3 allows.
        ValueError: shorter than a second.
    """
    if expires_in > LONGEST_LINK:
        raise ConfigurationError(
            f"a download link cannot live for {expires_in}: S3 allows {LONGEST_LINK.days} days. Set a shorter time, "
            "and make a new link when it is asked for"
        )
    if expires_in < timedelta(seconds=1):
        raise ValueError(f"a download link cannot live for {expires_in}; give a second at least")
    return expires_in


def checked_filename(filename: str) -> str:
    """The file name itself.

    Raises:
        ValueError: it is empty, too long, a path, or has characters that do not print.
    """
    if len(filename) > LONGEST_FILENAME:
        raise ValueError(f"file name of a download: {len(filename)} characters; give {LONGEST_FILENAME} at most")
    if not filename or not filename.isprintable() or "/" in filename or "\\" in filename:
        raise ValueError(f"file name {filename!r} of a download: give printable characters without slashes")
    return filename


def checked_content_type(content_type: str | None) -> str | None:
    """The media type itself.

    Raises:
        ValueError: it is not a media type; one that could forge a header is not.
    """
    if content_type is not None and _CONTENT_TYPE.fullmatch(content_type) is None:
        raise ValueError(f"content type {content_type[:100]!r} of a download: give a media type such as text/csv")
    return content_type


def attachment(filename: str) -> str:
    """A Content-Disposition that has browsers save the file under this name (RFC 6266)."""
    plain = re.sub(r"[^ -~]|[\"\\%]", "_", filename)
    extended = "" if plain == filename else f"; filename*=UTF-8''{quote(filename, safe=_PLAIN_CHARACTERS)}"
    return f'attachment; filename="{plain}"{extended}'
