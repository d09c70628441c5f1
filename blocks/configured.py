"""What every Groundwork block has in common: where its configuration comes from."""

from typing import ClassVar, Self

from prefect.blocks.core import Block
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from pydantic import ValidationError

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.faults import lines_of
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE

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
        """The block as its document in Prefect says; None where there is none, or no API to ask.

        Prefect's own ``load`` would wait for an answer as long as one asks, be it a day.

        Raises:
            ConfigurationError: what the document says cannot be; the message names each such field.
            httpx.HTTPError: Prefect cannot be asked.
        """
        if not get_current_settings().api.url:
            return None
        with prefect_client(LONGEST_PAUSE) as client:
            for name in dict.fromkeys((cls.document, FORMER_DOCUMENT)):
                try:
                    return cls._of(client.read_block_document_by_name(name, cls.get_block_type_slug()))
                except ObjectNotFound:
                    continue
        return None

    @classmethod
    def _of(cls, document: BlockDocument) -> Self:
        try:
            return cls(**document.data)
        except ValidationError as error:
            raise ConfigurationError(
                f"The block document {cls.get_block_type_slug()}/{document.name} in Prefect says what cannot be; edit "
                f"it in Prefect's UI:{lines_of(error)}"
            ) from None
