"""``GET /downloads/{token}``: a blob of a folder store, for whoever has the link."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from groundwork.blocks.blob.link import DownloadLink, attachment
from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import BlobMissing
from groundwork.deployments.gateway.refusal import Refusal

router = APIRouter()

_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@router.head("/downloads/{token}", include_in_schema=False)
@router.get("/downloads/{token}")
def download(token: str) -> FileResponse:
    """The blob as an attachment, in whole or by Range. Links to S3 do not come this way."""
    link = DownloadLink.read(token)
    if link is None:
        raise _unknown()
    if link.expired:
        raise Refusal(410, "This link has expired. Ask for a new one where you got it.", headers=_HEADERS)
    try:
        path = blob_store().local_path(link.key)
    except (BlobMissing, ValueError):
        path = None
    if path is None:
        raise _unknown()
    headers = _HEADERS | {"Content-Disposition": attachment(link.filename)}
    return FileResponse(path, media_type=link.content_type, headers=headers)


def _unknown() -> Refusal:
    return Refusal(404, "There is no such download.", headers=_HEADERS)
