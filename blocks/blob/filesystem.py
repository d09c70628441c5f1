"""Prefect's file system interface over a blob store."""

import asyncio
import shutil
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from prefect.filesystems import WritableDeploymentStorage, WritableFileSystem
from prefect.utilities.filesystem import filter_files


class BlobFileSystem(WritableFileSystem, WritableDeploymentStorage):
    """What Prefect asks of a file system, from four methods that a blob store has."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO: ...

    @abstractmethod
    def write(self, key: str, content_type: str | None = None) -> AbstractContextManager[BinaryIO]: ...

    @abstractmethod
    def upload(self, path: Path, key: str, content_type: str | None = None) -> None: ...

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[str]: ...

    # Prefect awaits the methods with an a, and passes _sync=True to the others.

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The blob's whole content (Prefect's interface)."""
        with self.open(path) as stream:
            return stream.read()

    async def aread_path(self, path: str) -> bytes:
        """Do as :meth:`read_path` does, off the event loop."""
        return await asyncio.to_thread(self.read_path, path)

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Write a whole blob (Prefect's interface)."""
        with self.write(path) as stream:
            stream.write(content)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """Do as :meth:`write_path` does, off the event loop."""
        await asyncio.to_thread(self.write_path, path, content)

    def get_directory(  # type: ignore[override]
        self, from_path: str | None = None, local_path: str | None = None, _sync: bool = True
    ) -> None:
        """Copy the blobs of a folder to a local one (Prefect's interface)."""
        folder = f"{from_path.strip('/')}/" if from_path else ""
        for key in self.list(folder):
            target = Path(local_path or ".") / key.removeprefix(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            with self.open(key) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1024 * 1024)

    async def aget_directory(self, from_path: str | None = None, local_path: str | None = None) -> None:
        """Do as :meth:`get_directory` does, off the event loop."""
        await asyncio.to_thread(self.get_directory, from_path, local_path)

    def put_directory(  # type: ignore[override]
        self,
        local_path: str | None = None,
        to_path: str | None = None,
        ignore_file: str | None = None,
        _sync: bool = True,
    ) -> None:
        """Copy the files of a local folder into the store (Prefect's interface)."""
        root = Path(local_path or ".")
        patterns = Path(ignore_file).read_text().splitlines() if ignore_file else []
        folder = f"{to_path.strip('/')}/" if to_path else ""
        for name in filter_files(root=str(root), ignore_patterns=patterns, include_dirs=False):
            self.upload(root / name, folder + Path(name).as_posix())

    async def aput_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> None:
        """Do as :meth:`put_directory` does, off the event loop."""
        await asyncio.to_thread(self.put_directory, local_path, to_path, ignore_file)
