"""Fixtures of the import's integration tests."""

from pathlib import Path

import pytest

from groundwork.blocks.blob.store import BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """An empty blob store."""
    return BlobStore(storage_url=f"file://{tmp_path}")
