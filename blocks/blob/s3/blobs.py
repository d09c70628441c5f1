"""Blobs as the objects of a bucket whose keys begin with a prefix."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from groundwork.blocks.blob.blob import BlobStat, check_size
from groundwork.blocks.blob.link import attachment
from groundwork.blocks.blob.s3.answers import md5, plain_etag
from groundwork.blocks.blob.s3.bucket import S3Bucket
from groundwork.blocks.blob.s3.stream import S3Reader, S3Writer
from groundwork.blocks.blob.s3.uploads import S3Uploads
from groundwork.blocks.blob.stores import StoreAddress
from groundwork.blocks.errors import BlobDamaged, ConfigurationError

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
        self._bucket = S3Bucket(address)
        self._uploads = S3Uploads(self._bucket)

    def open(self, key: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(S3Reader(self._bucket, key), _READ_BYTES))

    def stat(self, key: str) -> BlobStat:
        return self._bucket.stat(key)

    @contextmanager
    def write(self, key: str, content_type: str | None) -> Iterator[BinaryIO]:
        upload_id: str | None = None
        etags: list[str] = []

        def send(part: memoryview) -> None:
            nonlocal upload_id
            upload_id = upload_id or self._uploads.begin(key, content_type)
            etags.append(self._uploads.add(key, upload_id, len(etags) + 1, part))

        writer = S3Writer(send)
        try:
            yield cast(BinaryIO, writer)
            if upload_id is None:
                self._put(key, bytes(writer.rest), content_type)
                return
            if writer.rest:
                send(memoryview(writer.rest))
            etag = self._uploads.complete(key, upload_id, etags)
        except BaseException:
            if upload_id is not None:
                with suppress(Exception):
                    self._uploads.abort(key, upload_id)
            raise
        self._check(key, etag, writer.size)

    def _put(self, key: str, content: bytes, content_type: str | None) -> None:
        """Store a small blob in one request. Its etag proves the content, else a second request the size."""
        headers = {"ContentType": content_type} if content_type else {}
        with self._bucket.explained(key):
            answer = self._bucket.call(
                "put_object",
                Key=self._bucket.prefix + key,
                Body=content,
                **self._bucket.clients.guard(content),
                **headers,
            )
        etag = plain_etag(answer.get("ETag"))
        if etag != md5(content):
            self._check(key, etag, len(content))

    def _check(self, key: str, etag: str, size: int) -> None:
        """Compare what is stored with what was sent, unless somebody else has written the key since. What is damaged
        is deleted."""
        stored = self.stat(key)
        if etag and stored.etag != etag:
            return
        try:
            check_size(self.location(key), stored.size, size)
        except BlobDamaged:
            with suppress(Exception):
                self.delete(key)
            raise

    def delete(self, key: str) -> None:
        with self._bucket.explained(key):
            self._bucket.call("delete_object", Key=self._bucket.prefix + key)

    def list(self, prefix: str) -> Iterator[str]:
        token: str | None = None
        more = True
        while more:
            after = {"ContinuationToken": token} if token else {}
            with self._bucket.explained(prefix):
                page: dict[str, Any] = self._bucket.call(
                    "list_objects_v2", Prefix=self._bucket.prefix + prefix, **after
                )
            for each in page.get("Contents", ()):
                yield each["Key"].removeprefix(self._bucket.prefix)
            before, token = token, page.get("NextContinuationToken")
            more = bool(page.get("IsTruncated"))
            if more and token in (None, before):
                raise ConfigurationError(
                    f"{self.location('')}: the store lists the first keys only, since it does not know ListObjectsV2; "
                    "use a newer version of it, or another store"
                )

    def begin_upload(self, key: str, content_type: str | None) -> str:
        return self._uploads.begin(key, content_type)

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        return self._uploads.add(key, upload_id, number, data)

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        self._uploads.complete(key, upload_id, etags)
        return self.stat(key)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._uploads.abort(key, upload_id)

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        return self._uploads.pending(prefix)

    def forget_unfinished(self, before: float) -> int:  # noqa: ARG002
        return 0

    def download_url(self, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> str:
        self.stat(key)
        headers = {"ResponseContentDisposition": attachment(filename)}
        if content_type:
            headers["ResponseContentType"] = content_type
        with self._bucket.explained(key):
            path, seconds = self._bucket.path(key), int(expires_in.total_seconds())
            return str(self._bucket.signer.url(path, expires=seconds, **headers))

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002
        return None

    def location(self, key: str) -> str:
        return self._bucket.location(key)
