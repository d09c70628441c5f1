"""A picture within a mail: it travels with the message, so it shows without the network."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A PNG that a template shows by ``<img src="{{ chart.src }}" alt="{{ chart.alt }}">``.

    Attributes:
        png: the file.
        width: pixels as shown; the file may have more, for dense screens.
        height: likewise.
        alt: what it shows, for those who cannot see it.
    """

    png: bytes
    width: int
    height: int
    alt: str

    @property
    def content_id(self) -> str:
        """Content-ID without its angle brackets (RFC 2392): the same for the same picture."""
        return f"{hashlib.sha256(self.png).hexdigest()[:32]}@groundwork"

    @property
    def src(self) -> str:
        """URL by which the message's HTML finds it."""
        return f"cid:{self.content_id}"
