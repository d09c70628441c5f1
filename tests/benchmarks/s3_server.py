"""An S3 server in a process of its own, as the blob store of a stack."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import psutil

from groundwork.deployments.up.ports import free_port
from tests.integration.blocks.second_s3 import second_s3
from tests.waiting import wait_until


@dataclass(frozen=True)
class S3Server:
    """A running server with a bucket.

    Attributes:
        variables: what makes it the blob store of a process.
        process: its process.
    """

    variables: Mapping[str, str]
    process: psutil.Process

    @property
    def cpu_seconds(self) -> float:
        """What it has taken so far."""
        times = self.process.cpu_times()
        return times.user + times.system


@contextmanager
def s3_server(name: str) -> Iterator[S3Server]:
    """A running server, which is this process's blob store too while the block lasts.

    Args:
        name: ``moto``, or one of :data:`~tests.integration.blocks.second_s3.SERVERS`.
    """
    ours = psutil.Process()
    others = ours.children()
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        running = _moto() if name == "moto" else _second(name, Path(folder) / "data")
        with running as variables:
            [process] = [each for each in ours.children() if each not in others]
            os.environ.update(variables)
            try:
                yield S3Server(variables, process)
            finally:
                os.environ.clear()
                os.environ.update(before)


@contextmanager
def _second(name: str, folder: Path) -> Iterator[Mapping[str, str]]:
    with second_s3(name, folder) as server:
        yield server.variables()


@contextmanager
def _moto() -> Iterator[Mapping[str, str]]:
    port = free_port()
    variables = {
        "GROUNDWORK_STORAGE_URL": "s3://benchmark",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_REGION": "us-east-1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client = boto3.client(
            "s3",
            endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )
        wait_until(lambda: _answers(client), 30, what="moto's server answers")
        client.create_bucket(Bucket="benchmark")
        yield variables
    finally:
        server.kill()
        server.wait()


def _answers(client: object) -> bool:
    try:
        client.list_buckets()  # type: ignore[attr-defined]
    except Exception:
        return False
    return True
