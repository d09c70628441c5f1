"""A stream of known size that can be read from anywhere."""

import io
from abc import abstractmethod


class SizedReader(io.RawIOBase):
    """The place in such a stream. Subclasses read from it on, and move it.

    Attributes:
        at: bytes from the begin to the place.
    """

    at = 0

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes in all."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError(f"seek to {start + offset:,}, which is before the beginning")
        self.at = start + offset
        return self.at

    def tell(self) -> int:
        return self.at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
