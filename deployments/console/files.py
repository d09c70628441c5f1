"""Files that a job has made: a person who may follows a link from the event's page, or from its run in Prefect."""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.errors import BlobMissing, ConfigurationError
from groundwork.deployments.console.access import Access
from groundwork.deployments.console.fields import event_id_of
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.inbox import event_status
from groundwork.events.inbox.audit import Change, record

router = APIRouter(route_class=ConsoleRoute)

LINK_LASTS = timedelta(minutes=5)
"""How long the link works that a person is led to. Too short: a download that is begun again fails. Too long: whoever
finds it in a history has the file."""
_ENDS = "_path"
_GONE = "There is no such file: the job made none, or it is not kept any more."


def files_of(result: Any) -> list[str]:
    """The fields of a job's result that name a blob, by their ending ``_path``."""
    return [name for name, value in result.items() if is_file(name, value)] if isinstance(result, dict) else []


def is_file(name: str, value: Any) -> bool:
    """Whether a field of a result names a blob."""
    return name.endswith(_ENDS) and isinstance(value, str) and value != ""


@router.get("/events/{event_id}/files/{job}/{field}")
def download(event_id: str, job: str, field: str, request: Request) -> Response:
    """Lead an operator to a file, and write down who it was."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    if not viewer.is_operator:
        raise Refusal(403, "Files of jobs are for operators: they hold what a workspace has uploaded.")
    key = event_id_of(event_id)
    with database().transaction() as connection:
        status = event_status(connection, key)
        found = [each for each in status.deliveries if each.job == job] if status else []
        if status is None or not found or field not in files_of(found[0].result):
            raise Refusal(404, _GONE)
        blob = str(found[0].result[field])
        try:
            blob_store().stat(blob)
            url = blob_store().download_url(blob, filename=PurePosixPath(blob).name, expires_in=LINK_LASTS)
        except (BlobMissing, ValueError):
            raise Refusal(404, _GONE) from None
        except ConfigurationError as error:
            raise Refusal(503, f"No link can be made: {error}") from None
        details = {"event": str(key), "file": field}
        change = Change(
            actor=viewer.name, action="download", job=job, workspace_id=status.workspace_id, details=details
        )
        record(connection, change)
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
