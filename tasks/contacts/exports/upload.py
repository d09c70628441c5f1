"""The multipart upload of one attempt at an export, and tidying up after those that did not come through."""

import logging
from dataclasses import dataclass

from groundwork.blocks.blob.store import BlobStore
from groundwork.events.contacts.exports import ExportFormat
from groundwork.tasks.contacts.exports.encode import CONTENT_TYPES

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upload:
    """A multipart upload under way.

    Attributes:
        key: of the blob to be. Each attempt has its own, so that a run that was thought dead cannot replace the file
            of the one after it.
        id: the store's.
    """

    key: str
    id: str


def folder_of(export_id: str) -> str:
    """Where an export's blobs are, by prefix."""
    return f"exports/{export_id}/"


def begin(store: BlobStore, export_id: str, attempt: int, file_format: ExportFormat) -> Upload:
    """Begin an attempt's upload, once nothing of earlier attempts is left."""
    discard(store, export_id)
    key = f"{folder_of(export_id)}{attempt}.{file_format}"
    return Upload(key, store.begin_upload(key, CONTENT_TYPES[file_format]))


def discard(store: BlobStore, export_id: str) -> None:
    """Delete all that is in the blob store of an export: pending uploads with their parts, and finished files."""
    for key, upload_id in store.pending_uploads(folder_of(export_id)):
        store.abort_upload(key, upload_id)
        logger.info("upload %s of %s was left over and is aborted", upload_id, key)
    for key in store.list(folder_of(export_id)):
        store.delete(key)
