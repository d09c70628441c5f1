"""Contacts to export, and the job run as a flow."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.conftest import S3Server, s3, s3_endpoint
from tests.integration.blocks.s3_proxy import S3Proxy, s3_proxy
from tests.integration.contacts.exports.exporting import Exporting

__all__ = ["s3", "s3_endpoint"]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, db: Database) -> Iterator[Callable[..., None]]:
    """Sets GROUNDWORK_* and other variables for one test."""

    def configure(**variables: Any) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        forget()

    yield configure
    monkeypatch.undo()
    forget()


@pytest.fixture
def store(configured: Callable[..., None], tmp_path: Path) -> BlobStore:
    """An empty folder as the process's blob store."""
    configured(GROUNDWORK_STORAGE_URL=(tmp_path / "blobs").as_uri())
    return blob_store()


@pytest.fixture
def proxy(s3: S3Server, configured: Callable[..., None]) -> Iterator[S3Proxy]:
    """A proxy in front of an empty bucket that is the process's blob store."""
    with s3_proxy(s3.endpoint) as proxy:
        configured(
            GROUNDWORK_STORAGE_URL=f"s3://{s3.bucket}/prefix",
            AWS_ENDPOINT_URL_S3=proxy.url,
            AWS_ACCESS_KEY_ID="someone",
            AWS_SECRET_ACCESS_KEY="something",
            AWS_REGION="us-east-1",
        )
        yield proxy


@pytest.fixture
def exporting(db: Database, prefect_api: dict[str, str], home: Path) -> Exporting:
    """One workspace with a user, and the job."""
    return Exporting(db, home)
