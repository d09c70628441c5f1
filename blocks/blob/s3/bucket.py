"""The bucket of a store: its requests, and its errors in our words."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, cast

from botocore.exceptions import (  # type: ignore[import-untyped]
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from fsspec.asyn import sync
from s3fs import S3FileSystem
from s3fs.core import S3_RETRYABLE_ERRORS

from groundwork.blocks.blob.blob import BlobStat
from groundwork.blocks.blob.s3.answers import CURES, NO_SUCH_RANGE, error_code, plain_etag
from groundwork.blocks.blob.s3.client import S3Clients
from groundwork.blocks.blob.stores import URLS, StoreAddress
from groundwork.blocks.errors import BlobChanged, BlobMissing, BlobRefused, ConfigurationError

_PAUSES = (0.1, 0.17, 0.29, 0.49)
"""Seconds before an answer that broke off is asked for again, as s3fs waits."""
_ANY_REFUSAL = (
    "Check the credentials and the bucket's policy; without the right s3:ListBucket a missing object is refused too"
)


class S3Bucket:
    """A bucket, and the prefix in it that all keys have.

    Args:
        address: ``s3://bucket/prefix``.

    Raises:
        ConfigurationError: the URL names no bucket.
    """

    def __init__(self, address: StoreAddress) -> None:
        if not address.host:
            raise address.refused(URLS)
        prefix = address.path.strip("/")
        self.name = address.host
        self.prefix = f"{prefix}/" if prefix else ""
        self.clients = S3Clients(address)
        self._region = address.region

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Make one request of the bucket, named as in botocore's client."""
        return cast(dict[str, Any], self.clients.first.call_s3(method, Bucket=self.name, **arguments))

    def stat(self, key: str) -> BlobStat:
        """Size and etag of an object."""
        with self.explained(key):
            head = self.call("head_object", Key=self.prefix + key)
        # Without an etag the time is all that tells of a change.
        return BlobStat(head["ContentLength"], plain_etag(head.get("ETag")) or f"{head.get('LastModified')}")

    def read(self, key: str, expected: BlobStat, begin: int, end: int) -> bytes:
        """Read a range of an object.

        Args:
            key: of the object.
            expected: what it has to be.
            begin: first byte.
            end: behind the last one, at most the size.

        Raises:
            BlobChanged: it is another one, or ends early.
            BlobRefused: the store sends something else than the range.
        """
        content = self._repeatedly_read(key, expected, begin, end)
        # Not every store replaces an object as a whole: one that writes in its place does so under its own answer.
        if not self.clients.is_aws and self._is_another(key, expected):
            raise self._changed(key)
        return content

    def _repeatedly_read(self, key: str, expected: BlobStat, begin: int, end: int) -> bytes:
        for pause in (*_PAUSES, None):
            try:
                with self.explained(key):
                    return self._read(key, expected, begin, end)
            except S3_RETRYABLE_ERRORS:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _is_another(self, key: str, expected: BlobStat) -> bool:
        try:
            return self.stat(key) != expected
        except BlobMissing:
            return False  # what is deleted behind a reader has been read

    def _changed(self, key: str) -> BlobChanged:
        return BlobChanged(f"{self.location(key)} was written again while it was being read")

    def _read(self, key: str, expected: BlobStat, begin: int, end: int) -> bytes:
        try:
            answer = self.call("get_object", Key=self.prefix + key, Range=f"bytes={begin}-{end - 1}")
        except OSError as error:
            if error_code(error) in NO_SUCH_RANGE:
                raise self._changed(key) from None
            raise
        body = answer["Body"]
        try:
            if (etag := plain_etag(answer.get("ETag"))) and etag != expected.etag:
                raise self._changed(key)
            length = answer.get("ContentLength", end - begin)
            # Some send a part with status 200, so that only its length tells.
            if length != end - begin:
                raise BlobRefused(
                    f"{self.location(key)}: the store sends {length:,} bytes where {end - begin:,} from {begin:,} on "
                    "are asked for. Jobs read in parts: let a proxy in between pass the header Range on, or use "
                    "another store"
                )
            content = cast(bytes, sync(self.clients.first.loop, body.read))
        finally:
            body.close()
        if len(content) != end - begin:
            raise self._changed(key)
        return content

    def path(self, key: str) -> str:
        """The object as s3fs names it."""
        return f"{self.name}/{self.prefix}{key}"

    def location(self, key: str) -> str:
        """The object's URL, for people."""
        return f"s3://{self.path(key)}"

    @cached_property
    def signer(self) -> S3FileSystem:
        """The client that signs links, of the bucket's own region: unlike a request, a link cannot be redirected."""
        with suppress(PermissionError):
            region = self.call("head_bucket").get("BucketRegion")
            if region and region != self._region:
                return self.clients.of_region(region)
        return self.clients.first

    def _is_missing(self) -> bool:
        try:
            self.call("head_bucket")
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    @contextmanager
    def explained(self, key: str) -> Iterator[None]:
        """Turns errors of the store into ours; what may pass by itself goes through as it is."""
        try:
            yield
        except FileNotFoundError as error:
            if self._is_missing():
                raise ConfigurationError(
                    f"the bucket {self.name!r} of GROUNDWORK_STORAGE_URL does not exist; create it or correct the URL. "
                    f"Its name stands {self.clients.place_of_bucket}, by GROUNDWORK_S3_ADDRESSING; a store that looks "
                    "for it elsewhere finds none"
                ) from error
            raise BlobMissing(f"no blob {key!r} in {self.location('')}") from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise ConfigurationError(
                f"{error} for {self.location('')}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the block's"
            ) from error
        except EndpointConnectionError as error:
            if self.clients.place_of_bucket == "in the host name":
                error.add_note("The bucket's host name has to resolve; else set GROUNDWORK_S3_ADDRESSING=path.")
            raise
        except OSError as error:
            cure = CURES.get(error_code(error) or "", _ANY_REFUSAL if isinstance(error, PermissionError) else None)
            if cure is None:
                raise
            raise BlobRefused(f"{self.location(key)}: {error}. {cure}") from error
