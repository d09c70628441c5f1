"""The block documents in Prefect: made where they are missing, moved from the name that they all had."""

import logging

from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import ValidationError

from groundwork.blocks.applications import applications
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.configured import FORMER_DOCUMENT, ConfiguredBlock
from groundwork.blocks.console_keys import ConsoleKeys
from groundwork.blocks.database_block import DatabaseBlock
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.mailer import Mailer
from groundwork.blocks.place import place_of
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE

logger = logging.getLogger(__name__)

BLOCKS: tuple[type[ConfiguredBlock], ...] = (DatabaseBlock, BlobStore, Mailer, IngestKeys, ConsoleKeys)
"""The engine's own."""


def blocks() -> tuple[type[Block], ...]:
    """The block types that a deploy registers: the engine's, and those that the applications name.

    Raises:
        ConfigurationError: an application names one that is not there or is no block, or two have one slug.
    """
    found: dict[str, type[Block]] = {each.get_block_type_slug(): each for each in BLOCKS}
    for application in applications():
        for reference in application.blocks:
            block = application.named(reference)
            if not (isinstance(block, type) and issubclass(block, Block)):
                raise ConfigurationError(f"application {application.name}: {reference} is no block of Prefect's")
            slug = block.get_block_type_slug()
            if found.setdefault(slug, block) is not block:
                raise ConfigurationError(
                    f"two blocks have the slug {slug}: {place_of(found[slug])} and {place_of(block)}. Give one another "
                    "_block_type_slug."
                )
    return tuple(found.values())


def ensure_block(block: type[Block]) -> None:
    """Register a block type; of one that is configured as Groundwork's are, see :func:`ensure_document`."""
    if issubclass(block, ConfiguredBlock):
        ensure_document(block)
    else:
        block.register_type_and_schema()


def ensure_document(block: type[ConfiguredBlock]) -> None:
    """Register the block type and a document of it, unless there is one, which a person may have edited.

    A document of the former name is moved with all that was edited in it.

    The new document says "embedded default" and holds nothing of the environment, which wins anyway: a secret given to
    this process is not copied into Prefect, nor does it outlive the process there.
    """
    block.register_type_and_schema()
    with prefect_client(LONGEST_PAUSE) as client:
        former = _read(client, block, FORMER_DOCUMENT) if block.document != FORMER_DOCUMENT else None
        current = _read(client, block, block.document)
        if former is None and current is None:
            block().save(block.document)
        elif former is not None:
            _move(client, block, former, current)


def _read(client: SyncPrefectClient, block: type[ConfiguredBlock], name: str) -> BlockDocument | None:
    try:
        return client.read_block_document_by_name(name, block.get_block_type_slug())
    except ObjectNotFound:
        return None


def _move(
    client: SyncPrefectClient, block: type[ConfiguredBlock], former: BlockDocument, current: BlockDocument | None
) -> None:
    """Have the content of ``former`` in the document of the new name, and delete ``former``.

    Both are there after a deploy that was cut short, and after an older version has made its own again.
    """
    if current is None:
        try:
            client.create_block_document(
                BlockDocumentCreate(
                    name=block.document,
                    data=former.data,
                    block_schema_id=former.block_schema_id,
                    block_type_id=former.block_type_id,
                ),
                include_secrets=True,
            )
        except ObjectAlreadyExists:
            # Another deploy at the same time has made it; the next one compares the two.
            return
    elif former.data == current.data or _is_untouched(block, former):
        pass
    elif _is_untouched(block, current):
        edited = BlockDocumentUpdate(
            block_schema_id=former.block_schema_id, data=former.data, merge_existing_data=False
        )
        client.update_block_document(current.id, edited)
    else:
        logger.warning(
            "Prefect has two documents of the block %s, and both were edited: %s, which counts, and %s. Copy what you "
            "need from the second, then delete it: prefect block delete %s/%s",
            block.get_block_type_name(), block.document, FORMER_DOCUMENT, block.get_block_type_slug(), FORMER_DOCUMENT,
        )  # fmt: skip
        return
    client.delete_block_document(former.id)


def _is_untouched(block: type[ConfiguredBlock], document: BlockDocument) -> bool:
    """Whether nobody has edited a document: it says what a new one says."""
    try:
        return block(**document.data) == block()
    except ValidationError:
        return False
