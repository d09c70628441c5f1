"""S3 servers that are not moto: programs of their own, over HTTP, that check every signature."""

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3

from groundwork.blocks.blob.store import BlobStore
from tests.waiting import wait_until

REGION = "us-east-1"
ID, SECRET = "someone", "something-of-40-characters-as-AWS-has-it"
SERVERS = ("nanio", "rclone")
"""nanio is Python: a bucket is a folder. rclone is Go: `rclone serve s3` of a folder."""

_LATE_CLOCK = """
import datetime, sys
from nanio.auth import sigv4
from nanio.cli import main
class Late(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - datetime.timedelta(hours=1)
sigv4.datetime = Late
sys.exit(main(sys.argv[1:]))
"""


class SecondS3:
    """A running server and one empty bucket of it.

    Args:
        endpoint: its URL.
        bucket: the bucket's name.
    """

    def __init__(self, endpoint: str, bucket: str) -> None:
        self.endpoint = endpoint
        self.bucket = bucket

    def with_bucket(self) -> "SecondS3":
        """The server with another, empty bucket."""
        made = SecondS3(self.endpoint, f"bucket-{uuid.uuid4()}")
        credentials = {"aws_access_key_id": ID, "aws_secret_access_key": SECRET, "region_name": REGION}
        boto3.client("s3", endpoint_url=self.endpoint, **credentials).create_bucket(Bucket=made.bucket)
        return made

    def store(self, prefix: str = "some/prefix", **fields: str) -> BlobStore:
        """A block configured by its fields."""
        configured = {
            "storage_url": f"s3://{self.bucket}/{prefix}",
            "endpoint_url": self.endpoint,
            "region": REGION,
            "access_key_id": ID,
            "secret_access_key": SECRET,
        }
        return BlobStore(**configured | fields)

    def variables(self, prefix: str = "some/prefix") -> dict[str, str]:
        """The environment of a process whose blob store it is."""
        return {
            "GROUNDWORK_STORAGE_URL": f"s3://{self.bucket}/{prefix}",
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
        }


@contextmanager
def second_s3(name: str, folder: Path, *options: str) -> Iterator[SecondS3]:
    """A server of :data:`SERVERS` on a folder.

    Args:
        name: which one; ``late nanio`` has a clock an hour behind.
        folder: an empty one.
        options: of its command line.
    """
    bucket = f"bucket-{uuid.uuid4()}"
    (folder / bucket).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NANIO_ACCESS_KEY": ID, "NANIO_SECRET_KEY": SECRET, "NANIO_DATA_DIR": str(folder)}
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_command(name, folder, port), *options], env=environment, stdout=output, stderr=output, cwd=folder.parent
        )
    try:
        wait_until(lambda: _listens(port) or process.poll() is not None, 60)
        assert process.poll() is None, log.read_text()
        yield SecondS3(f"http://127.0.0.1:{port}", bucket)
    finally:
        process.terminate()
        process.wait(30)


def _command(name: str, folder: Path, port: int) -> Sequence[str]:
    nanio = ["serve", "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--region", REGION]
    if name == "late nanio":
        return [sys.executable, "-c", _LATE_CLOCK, *nanio]
    program = str(Path(sys.executable).with_name(name))
    if name == "nanio":
        return [program, *nanio]
    return [
        *(program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--auth-key", f"{ID},{SECRET}"),
        *("--config", os.devnull, "--cache-dir", str(folder.with_suffix(".cache"))),
    ]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
