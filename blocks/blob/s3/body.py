"""The body of an upload: memory that botocore reads as a file, since it takes no memoryview.

As bytes, content would be copied once for botocore, and twice more by the transport that sends it.
"""

from typing import Any

from aiobotocore.session import AioSession  # type: ignore[import-untyped]

from groundwork.blocks.blob.s3.endpoints import loader_of_few_endpoints
from groundwork.blocks.blob.s3.sized import SizedReader


class MemoryBody(SizedReader):
    """Memory as a stream.

    Args:
        content: not to be changed while the stream is read.
    """

    def __init__(self, content: memoryview) -> None:
        self._content = content

    @property
    def size(self) -> int:
        return len(self._content)

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self.size - self.at))
        buffer[:count] = self._content[self.at : self.at + count]
        self.at += count
        return count


def session_that_takes_memory() -> AioSession:
    """A session whose clients take a memoryview as the body of a part, and take little memory themselves.

    Each request gets a stream of its own: s3fs repeats a request that broke off with the same arguments, and a stream
    that was read before would send what is left of it.
    """
    session = AioSession()
    session.register("provide-client-params.s3.UploadPart", _as_stream)
    session.register_component("data_loader", loader_of_few_endpoints(session.get_config_variable("data_path")))
    return session


def _as_stream(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    body = params.get("Body")
    return params | {"Body": MemoryBody(body)} if isinstance(body, memoryview) else params
