"""Folders of the home that each test finds empty."""

import shutil
from pathlib import Path


def empty(folder: Path) -> None:
    """Delete all that is in a folder, which need not be there."""
    if not folder.exists():
        return
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
