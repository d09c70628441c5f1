"""Fixtures of the import's unit tests."""

from pathlib import Path

import pytest

from tests.unit.contacts.imports.files import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty blob store."""
    return Folder(tmp_path)
