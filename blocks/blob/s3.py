"""Blobs as objects of an S3 bucket, through s3fs."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from botocore.exceptions import (  # type: ignore[import-untyped]
    NoCredentialsError,
    PartialCredentialsError,
)
from s3fs import S3FileSystem
from s3fs.utils import FileExpired

from groundwork.blocks.blob.blob import BlobStat, check_size
from groundwork.blocks.blob.link import attachment
from groundwork.blocks.blob.s3_answers import (
    NOT_THERE,
    error_code,
    etag_of_parts,
    md5,
    plain_etag,
)
from groundwork.blocks.blob.s3_client import S3Clients
from groundwork.blocks.blob.s3_stream import S3Reader, S3Writer
from groundwork.blocks.blob.stores import URLS, StoreAddress
from groundwork.blocks.errors import BlobChanged, BlobMissing, BlobRefused, ConfigurationError, UploadLost

logger = logging.getLogger(__name__)

PART_BYTES = 8 * 1024 * 1024
"""Bytes of an uploaded part and of a read-ahead. S3 takes 10,000 parts, so a blob holds up to 80 GB."""
_READ_BYTES = 1024 * 1024


class S3Blobs:
    """Blobs as the objects of a bucket whose keys begin with a prefix.

    Args:
        address: ``s3://bucket/prefix``; the bucket exists, the prefix may be empty. What it leaves out comes from
            ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, ``AWS_REGION`` or ``AWS_DEFAULT_REGION``, and the usual AWS
            sources of credentials.

    Raises:
        ConfigurationError: the URL names no bucket.
    """

    def __init__(self, address: StoreAddress) -> None:
        if not address.host:
            raise address.refused(URLS)
        prefix = address.path.strip("/")
        self.bucket = address.host
        self.prefix = f"{prefix}/" if prefix else ""
        self._region = address.region
        self._clients = S3Clients(address)
        self._lacks: set[str] = set()

    def open(self, key: str) -> BinaryIO:
        with self.explained(key):
            file = self._s3.open(self._path(key), "rb", block_size=PART_BYTES, cache_type="readahead")
        if file.details["type"] != "file":
            raise self._missing(key)
        return cast(BinaryIO, io.BufferedReader(S3Reader(file, key, self.explained), _READ_BYTES))

    def stat(self, key: str) -> BlobStat:
        with self.explained(key):
            head = self._call("head_object", Key=self.prefix + key)
        return BlobStat(head["ContentLength"], plain_etag(head["ETag"]))

    @contextmanager
    def write(self, key: str, content_type: str | None) -> Iterator[BinaryIO]:
        upload_id: str | None = None
        etags: list[str] = []

        def send(part: memoryview) -> None:
            nonlocal upload_id
            upload_id = upload_id or self.begin_upload(key, content_type)
            etags.append(self.upload_part(key, upload_id, len(etags) + 1, part))

        writer = S3Writer(PART_BYTES, send)
        try:
            yield cast(BinaryIO, writer)
            if upload_id is None:
                self._put(key, bytes(writer.rest), content_type)
                return
            if writer.rest:
                send(memoryview(writer.rest))
            stored = self.complete_upload(key, upload_id, etags)
        except BaseException:
            if upload_id is not None:
                with suppress(Exception):
                    self.abort_upload(key, upload_id)
            raise
        check_size(self.location(key), stored.size, writer.size)

    def _put(self, key: str, content: bytes, content_type: str | None) -> None:
        """Store a small blob in one request. Its etag proves the content, else a second request the size."""
        headers = {"ContentType": content_type} if content_type else {}
        with self.explained(key):
            answer = self._call(
                "put_object", Key=self.prefix + key, Body=content, **self._clients.guard(content), **headers
            )
        etag = plain_etag(answer.get("ETag"))
        if etag != md5(content):
            stored = self.stat(key)
            if stored.etag == etag or not etag:  # else somebody has written it since
                check_size(self.location(key), stored.size, len(content))

    def delete(self, key: str) -> None:
        with self.explained(key):
            self._call("delete_object", Key=self.prefix + key)

    def list(self, prefix: str) -> Iterator[str]:
        page: dict[str, Any] = {"NextContinuationToken": None}
        while "NextContinuationToken" in page:
            token = page["NextContinuationToken"]
            with self.explained(prefix):
                page = self._call(
                    "list_objects_v2",
                    Prefix=self.prefix + prefix,
                    **({"ContinuationToken": token} if token else {}),
                )
            for each in page.get("Contents", ()):
                yield each["Key"].removeprefix(self.prefix)

    def begin_upload(self, key: str, content_type: str | None) -> str:
        headers = {"ContentType": content_type} if content_type else {}
        with self.explained(key):
            return str(self._call("create_multipart_upload", Key=self.prefix + key, **headers)["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        with self._explained_upload(key, upload_id):
            # botocore takes no memoryview.
            content = bytes(data)
            part = self._call(
                "upload_part",
                Key=self.prefix + key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
                **self._clients.guard(content),
            )
        return plain_etag(part["ETag"])

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, 1)]
        try:
            with self._explained_upload(key, upload_id):
                self._call(
                    "complete_multipart_upload",
                    Key=self.prefix + key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": parts},
                )
        except UploadLost:
            # The first answer may have been lost: then the upload is gone because the blob is there.
            with suppress(BlobMissing):
                if (stat := self.stat(key)).etag == etag_of_parts(etags):
                    return stat
            raise
        return self.stat(key)

    def abort_upload(self, key: str, upload_id: str) -> None:
        with suppress(UploadLost), self._explained_upload(key, upload_id), self._lacking("AbortMultipartUpload"):
            self._call("abort_multipart_upload", Key=self.prefix + key, UploadId=upload_id)

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        # A store that lacks it takes seconds to say so, by the repetitions of botocore and s3fs.
        page: dict[str, Any] = {"IsTruncated": "ListMultipartUploads" not in self._lacks}
        after: dict[str, str] = {}
        while page.get("IsTruncated"):
            asked, page = self.prefix + prefix, {}
            with self.explained(prefix), self._lacking("ListMultipartUploads"):
                page = self._call("list_multipart_uploads", Prefix=asked, **after)
            for each in page.get("Uploads", ()):
                # Not every store heeds the prefix, and what is listed here is aborted by callers.
                if each["Key"].startswith(asked):
                    yield each["Key"].removeprefix(self.prefix), each["UploadId"]
            after = {"KeyMarker": page.get("NextKeyMarker", ""), "UploadIdMarker": page.get("NextUploadIdMarker", "")}

    def forget_unfinished(self, before: float) -> int:  # noqa: ARG002
        return 0

    def download_url(self, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> str:
        self.stat(key)
        headers = {"ResponseContentDisposition": attachment(filename)}
        if content_type:
            headers["ResponseContentType"] = content_type
        with self.explained(key):
            return str(self._signer.url(self._path(key), expires=int(expires_in.total_seconds()), **headers))

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002
        return None

    def location(self, key: str) -> str:
        return f"s3://{self._path(key)}"

    @cached_property
    def _signer(self) -> S3FileSystem:
        """The client that signs links, of the bucket's own region: unlike a request, a link cannot be redirected."""
        with suppress(PermissionError):
            region = self._call("head_bucket").get("BucketRegion")
            if region and region != self._region:
                return self._clients.of_region(region)
        return self._s3

    @property
    def _s3(self) -> S3FileSystem:
        return self._clients.first

    def _path(self, key: str) -> str:
        return f"{self.bucket}/{self.prefix}{key}"

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        return cast(dict[str, Any], self._s3.call_s3(method, Bucket=self.bucket, **arguments))

    def _missing(self, key: str) -> BlobMissing:
        return BlobMissing(f"no blob {key!r} in {self.location('')}")

    def _bucket_is_missing(self) -> bool:
        try:
            self._call("head_bucket")
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    @contextmanager
    def _lacking(self, operation: str) -> Iterator[None]:
        """Goes on without an operation that only tidies up and that the store does not have. Said once."""
        try:
            yield
        except OSError as error:
            if error_code(error) not in NOT_THERE:
                raise
            if operation in self._lacks:
                return
            self._lacks.add(operation)
            logger.warning(
                "%s: the store has no %s. Parts of uploads that nobody completes stay in it; let it end them by a rule "
                "of its own.",
                self.location(""),
                operation,
            )

    @contextmanager
    def _explained_upload(self, key: str, upload_id: str) -> Iterator[None]:
        """Do as :meth:`explained` does; what may be missing is the upload or one of its parts."""
        try:
            with self.explained(key):
                yield
        except (BlobMissing, OSError) as error:
            code = error_code(error)
            if code == "EntityTooSmall":
                raise ValueError(
                    f"{self.location(key)}: a part other than the last is smaller than S3 takes; upload 5 MiB at least"
                ) from error
            if code not in ("NoSuchUpload", "InvalidPart"):
                raise
            raise UploadLost(f"{self.location(key)}: {code} for the upload {upload_id}; begin a new upload") from error

    @contextmanager
    def explained(self, key: str) -> Iterator[None]:
        """Turns errors of the store into ours; what may pass by itself goes through as it is."""
        try:
            yield
        except FileExpired:
            raise BlobChanged(f"{self.location(key)} was written again while it was being read") from None
        except FileNotFoundError as error:
            if self._bucket_is_missing():
                raise ConfigurationError(
                    f"the bucket {self.bucket!r} of GROUNDWORK_STORAGE_URL does not exist; create it or correct the URL"
                ) from error
            raise self._missing(key) from error
        except PermissionError as error:
            raise BlobRefused(
                f"{self.location(key)}: {error}. Check the credentials and the bucket's policy; without the right "
                "s3:ListBucket a missing object is refused too"
            ) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise ConfigurationError(
                f"{error} for {self.location('')}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the block's"
            ) from error
