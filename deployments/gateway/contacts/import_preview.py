"""``POST /contacts/imports/preview``: how an upload would be read, before a person confirms its import.

The sender is the application, with the key that it sends ``import/csv.confirmed`` with.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.errors import BlobMissing, NonRetriable
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.body import discard_body, parse_json, read_body, require_json
from groundwork.deployments.gateway.faults import Faults
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.base import WIRE
from groundwork.events.contacts.imports import CsvImportConfirmed, ImportOptions
from groundwork.events.identifiers import RecordId, WorkspaceId
from groundwork.tasks.contacts.imports.preview import preview_upload
from groundwork.tasks.contacts.imports.record import check_preview

router = APIRouter(prefix="/imports")


class PreviewRequest(BaseModel):
    """What is asked: an upload, and what was chosen so far."""

    model_config = WIRE

    workspace_id: WorkspaceId
    import_id: RecordId
    blob_path: str = Field(max_length=1024)
    options: ImportOptions = Field(default_factory=ImportOptions)


@router.post("/preview", openapi_extra={"security": [{"eventKey": []}]})
async def post_preview(request: Request) -> dict[str, Any]:
    """Encoding, delimiter, header, columns and warnings of an upload. Reads its first MiB and writes nothing."""
    authentication: Authentication = request.app.state.authentication
    try:
        sender = authentication.sender(request)
        require_json(request)
    except Refusal:
        await discard_body(request)
        raise
    body = await read_body(request)
    authentication.verify(sender, request, body)
    value = parse_json(body)
    try:
        asked = PreviewRequest.model_validate(value)
    except ValidationError as error:
        faults = Faults()
        faults.add_validation(error, PreviewRequest, value, ())
        raise Refusal(422, "The request is not as it should be.", faults.told) from None
    if not (sender.allows_workspace(asked.workspace_id) and sender.allows_event(CsvImportConfirmed.event_name)):
        raise Refusal(403, "This key may not import into that workspace.")
    return await asyncio.get_running_loop().run_in_executor(request.app.state.readers, _previewed, asked)


def _previewed(asked: PreviewRequest) -> dict[str, Any]:
    try:
        with database().transaction() as connection:
            check_preview(connection, asked.import_id, asked.workspace_id, asked.blob_path)
        found = preview_upload(blob_store(), asked.blob_path, asked.options)
    except BlobMissing as error:
        raise Refusal(404, str(error)) from None
    except NonRetriable as error:
        raise Refusal(422, str(error)) from None
    return found.model_dump(mode="json", by_alias=True)
