"""What every Groundwork block has in common: where its configuration comes from."""

from typing import ClassVar, Self, cast

from prefect.blocks.core import Block
from prefect.settings import get_current_settings

FORMER_DOCUMENT = "groundwork"
"""Name that the documents of all block types had. It is still read where `groundwork deploy` has not moved it yet."""


class ConfiguredBlock(Block):
    """A block that works without any set-up.

    The environment wins; where it says nothing, the block document in Prefect (edit it in the UI); where there is none
    either, the embedded default.
    """

    document: ClassVar[str] = FORMER_DOCUMENT
    """Name of the block document, which says what it is for. Prefect allows a-z, 0-9 and dashes."""

    @classmethod
    def from_settings(cls) -> Self | None:
        """The block as ``GROUNDWORK_*`` variables set it; None where they say nothing."""
        return None

    @classmethod
    def configured(cls) -> Self:
        """The block to use in this process. Reads Prefect's API once, and only if the environment is silent."""
        return cls.from_settings() or cls.saved() or cls()

    @classmethod
    def saved(cls) -> Self | None:
        """The block as its document in Prefect says; None where there is none, or no API to ask."""
        if get_current_settings().api.url is None:
            return None
        for name in dict.fromkeys((cls.document, FORMER_DOCUMENT)):
            try:
                # _sync: an event loop may be running in this thread, and load() would then return a coroutine.
                return cast(Self, cls.load(name, validate=False, _sync=True))  # type: ignore[call-arg]
            except ValueError:
                continue
        return None
