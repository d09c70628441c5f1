"""The body of an upload: memory that botocore reads as a file, since it takes no memoryview.

As bytes, content would be copied once for botocore, and twice more by the transport that sends it.
"""

import io
from typing import Any

from aiobotocore.session import AioSession  # type: ignore[import-untyped]


class MemoryBody(io.RawIOBase):
    """Memory as a stream.

    Args:
        content: not to be changed while the stream is read.
    """

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), len(self._content) - self._at)
        buffer[:count] = self._content[self._at : self._at + count]
        self._at += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._content)}[whence]
        self._at = min(max(start + offset, 0), len(self._content))
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def session_that_takes_memory() -> AioSession:
    """A session whose clients take a memoryview as the body of a part.

    Each request gets a stream of its own: s3fs repeats a request that broke off with the same arguments, and a stream
    that was read before would send what is left of it.
    """
    session = AioSession()
    session.register("provide-client-params.s3.UploadPart", _as_stream)
    return session


def _as_stream(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    body = params.get("Body")
    return params | {"Body": MemoryBody(body)} if isinstance(body, memoryview) else params
