"""Blobs as objects of an S3 bucket, through s3fs."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from botocore.exceptions import NoCredentialsError, PartialCredentialsError  # type: ignore[import-untyped]
from s3fs import S3FileSystem
from s3fs.utils import FileExpired

from blocks.blob import BlobStat
from blocks.errors import BlobChanged, BlobMissing, BlobRefused, ConfigurationError

PART_BYTES = 8 * 1024 * 1024
"""Bytes of an uploaded part and of a read-ahead. S3 takes 10,000 parts, so a blob holds up to 80 GB."""
_READ_BYTES = 1024 * 1024

CLIENT_CONFIG = {"retries": {"mode": "standard", "total_max_attempts": 3}, "connect_timeout": 5, "read_timeout": 60}
"""botocore tries each request 3 times (throttling, 5xx, broken connections), seconds for the time limits; s3fs repeats
that up to 5 times for SlowDown and answers that break off. After that the step's own retries take over."""


class S3Blobs:
    """Blobs as the objects of a bucket whose keys begin with a prefix.

    Args:
        bucket: name of an existing bucket.
        prefix: begins every key in the bucket, without slashes at its ends; may be empty.
        endpoint_url: of a store that is not AWS; None: ``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``, then AWS.
        access_key_id: None: the usual AWS sources, environment first.
        secret_access_key: belongs to ``access_key_id``.
        region: None: ``AWS_REGION`` or ``AWS_DEFAULT_REGION``.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self._s3 = S3FileSystem(
            key=access_key_id,
            secret=secret_access_key,
            endpoint_url=endpoint_url,
            client_kwargs={"region_name": region} if region else None,
            config_kwargs=CLIENT_CONFIG,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def open(self, key: str) -> BinaryIO:
        with self.explained(key):
            file = self._s3.open(self._path(key), "rb", block_size=PART_BYTES, cache_type="readahead")
        if file.details["type"] != "file":
            raise self._missing(key)
        return cast(BinaryIO, io.BufferedReader(_Reader(file, key, self), _READ_BYTES))

    def stat(self, key: str) -> BlobStat:
        with self.explained(key):
            head = self._call("head_object", Key=self.prefix + key)
        return BlobStat(head["ContentLength"], head["ETag"].strip('"'))

    @contextmanager
    def write(self, key: str, content_type: str | None) -> Iterator[BinaryIO]:
        headers = {"ContentType": content_type} if content_type else {}
        with self.explained(key):
            file = self._s3.open(self._path(key), "wb", block_size=PART_BYTES, **headers)
        try:
            yield cast(BinaryIO, _Writer(file, key, self))
            with self.explained(key):
                file.close()
        except BaseException:
            with suppress(Exception):
                file.discard()
            file.closed = True
            raise

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

    def location(self, key: str) -> str:
        return f"s3://{self._path(key)}"

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


class _Writer(io.RawIOBase):
    """An S3 file as a stream to write to, with our errors. Closing it does not yet end the upload."""

    def __init__(self, file: Any, key: str, blobs: S3Blobs) -> None:
        self._file = file
        self._key = key
        self._blobs = blobs

    def write(self, data: Any) -> int:
        with self._blobs.explained(self._key):
            return int(self._file.write(data))

    def writable(self) -> bool:
        return True


class _Reader(io.RawIOBase):
    """An S3 file as the raw stream that io.BufferedReader wants, with our errors."""

    def __init__(self, file: Any, key: str, blobs: S3Blobs) -> None:
        self._file = file
        self._key = key
        self._blobs = blobs

    def readinto(self, buffer: Any) -> int:
        with self._blobs.explained(self._key):
            return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()
