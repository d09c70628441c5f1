"""Multipart uploads to a bucket."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from groundwork.blocks.blob.blob import BlobStat
from groundwork.blocks.blob.s3.answers import NOT_THERE, error_code, etag_of_parts, plain_etag
from groundwork.blocks.blob.s3.bucket import S3Bucket
from groundwork.blocks.errors import BlobMissing, UploadLost

logger = logging.getLogger(__name__)


class S3Uploads:
    """The uploads of a bucket that are neither completed nor aborted.

    Args:
        bucket: where to.
    """

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self._lacks: set[str] = set()

    def begin(self, key: str, content_type: str | None) -> str:
        """Begin one; its id."""
        headers = {"ContentType": content_type} if content_type else {}
        with self._bucket.explained(key):
            return str(self._call("create_multipart_upload", key, **headers)["UploadId"])

    def add(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        """Store one part; its etag."""
        content = memoryview(data)
        with self._explained(key, upload_id):
            part = self._call(
                "upload_part",
                key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
                **self._bucket.clients.guard(content),
            )
        return plain_etag(part.get("ETag"))

    def complete(self, key: str, upload_id: str, etags: Sequence[str]) -> str:
        """Make the parts the object; its etag, which is empty where the store leaves it out."""
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, 1)]
        try:
            with self._explained(key, upload_id):
                answer = self._call(
                    "complete_multipart_upload", key, UploadId=upload_id, MultipartUpload={"Parts": parts}
                )
        except UploadLost:
            # The first answer may have been lost: then the upload is gone because the blob is there.
            if (etag := etag_of_parts(etags)) and self._is_there(key, etag):
                return etag
            raise
        return plain_etag(answer.get("ETag"))

    def abort(self, key: str, upload_id: str) -> None:
        """Drop one, if it is there."""
        with suppress(UploadLost), self._explained(key, upload_id), self._lacking("AbortMultipartUpload"):
            self._call("abort_multipart_upload", key, UploadId=upload_id)

    def pending(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Key and id of each whose key begins with the prefix."""
        asked = self._bucket.prefix + prefix
        # A store that lacks it takes seconds to say so, by the repetitions of botocore and s3fs.
        more = "ListMultipartUploads" not in self._lacks
        after: dict[str, str] = {}
        while more:
            page: dict[str, Any] = {}
            # Some say that there is no such upload where there is none at all.
            with suppress(BlobMissing), self._bucket.explained(prefix), self._lacking("ListMultipartUploads"):
                page = self._bucket.call("list_multipart_uploads", Prefix=asked, **after)
            for each in page.get("Uploads", ()):
                # Not every store heeds the prefix, and what is listed here is aborted by callers.
                if each["Key"].startswith(asked):
                    yield each["Key"].removeprefix(self._bucket.prefix), each["UploadId"]
            before, after = after, _markers(page)
            # One that does not heed the markers would send its first page for ever.
            more = bool(page.get("IsTruncated")) and after != before

    def _call(self, method: str, key: str, **arguments: Any) -> dict[str, Any]:
        return self._bucket.call(method, Key=self._bucket.prefix + key, **arguments)

    def _is_there(self, key: str, etag: str) -> bool:
        found: BlobStat | None = None
        with suppress(BlobMissing):
            found = self._bucket.stat(key)
        return found is not None and found.etag == etag

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
                self._bucket.location(""),
                operation,
            )

    @contextmanager
    def _explained(self, key: str, upload_id: str) -> Iterator[None]:
        """Do as the bucket does; what may be missing is the upload or one of its parts."""
        try:
            with self._bucket.explained(key):
                yield
        except (BlobMissing, OSError) as error:
            code, where = error_code(error), self._bucket.location(key)
            if code == "EntityTooSmall":
                raise ValueError(
                    f"{where}: a part other than the last is smaller than S3 takes; upload 5 MiB at least"
                ) from error
            if code not in ("NoSuchUpload", "InvalidPart"):
                raise
            raise UploadLost(f"{where}: {code} for the upload {upload_id}; begin a new upload") from error


def _markers(page: dict[str, Any]) -> dict[str, str]:
    return {"KeyMarker": page.get("NextKeyMarker", ""), "UploadIdMarker": page.get("NextUploadIdMarker", "")}
