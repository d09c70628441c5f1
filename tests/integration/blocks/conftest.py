"""An S3 server over HTTP, and a clean process-wide configuration for each test."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from moto.server import ThreadedMotoServer
from prefect.settings import PREFECT_API_URL, temporary_settings
from s3fs import S3FileSystem

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.process_cache import forget
from tests.kept import keep_descriptions_of_services

pytest.register_assert_rewrite("tests.kit.blob_store_contract")
keep_descriptions_of_services()

REGION = "us-east-1"


@dataclass(frozen=True)
class S3Server:
    """A running S3 server and one empty bucket of it."""

    endpoint: str
    bucket: str

    def filesystem(self) -> S3FileSystem:
        """A client that remembers nothing, to look behind the store's back."""
        return _filesystem(self.endpoint)

    def store(self, prefix: str = "") -> BlobStore:
        """A block configured by its fields."""
        return BlobStore(
            storage_url=f"s3://{self.bucket}/{prefix}",
            endpoint_url=self.endpoint,
            region=REGION,
            access_key_id="someone",
            secret_access_key="something",
        )


@cache
def _filesystem(endpoint: str) -> S3FileSystem:
    """One for all tests: botocore reads a tenth of a second of JSON for each."""
    return S3FileSystem(
        key="someone",
        secret="something",
        endpoint_url=endpoint,
        client_kwargs={"region_name": REGION},
        use_listings_cache=False,
        skip_instance_cache=True,
    )


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str) -> S3Server:
    server = S3Server(s3_endpoint, f"bucket-{uuid.uuid4()}")
    server.filesystem().call_s3("create_bucket", Bucket=server.bucket)
    return server


@pytest.fixture
def fresh_configuration() -> Iterator[None]:
    """Settings and blocks read the environment anew in this test, and once more after it."""
    forget()
    yield
    forget()


@pytest.fixture
def own_home(tmp_path, monkeypatch, fresh_configuration):
    """A Groundwork home for this test alone, and no Prefect server."""
    monkeypatch.setenv("GROUNDWORK_HOME", str(tmp_path / "home"))
    with temporary_settings({PREFECT_API_URL: None}):
        yield tmp_path / "home"
