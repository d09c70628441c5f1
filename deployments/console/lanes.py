"""The page of lanes, and what an operator does to them."""

import asyncio
import math
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.console.access import Access, Viewer
from groundwork.deployments.console.fields import form_of, number_of, said
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.events.inbox import lanes
from groundwork.events.inbox.audit import Change, record
from groundwork.events.inbox.jobs import job_names
from groundwork.events.inbox.lane_overview import COUNT_TO, MINUTES, lane_overview
from groundwork.events.inbox.looking import looking

router = APIRouter(route_class=ConsoleRoute)

_LARGEST_WEIGHT = 1e6


@router.get("/lanes")
def show_lanes(request: Request) -> Response:
    """What each lane holds, the one that waits longest first."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    fields = dict(request.query_params)
    job, workspace = said(fields, "job"), viewer.workspace or said(fields, "workspace")
    after_job, after_workspace = said(fields, "after_job"), said(fields, "after_workspace")
    with looking() as connection:
        jobs = job_names(connection)
        found = lane_overview(
            connection,
            job=job,
            workspace_id=workspace,
            after=(after_job, after_workspace) if after_job and after_workspace else None,
        )
    further = {"job": job or "", "after_job": found.next[0], "after_workspace": found.next[1]} if found.next else None
    return page(
        request,
        "lanes",
        viewer,
        found=found,
        job=job,
        workspace=workspace,
        jobs=jobs,
        count_to=COUNT_TO,
        minutes=MINUTES,
        further=f"?{urlencode(further)}" if further else None,
    )


@router.post("/lanes/{action}")
async def change_lane(action: str, request: Request) -> Response:
    """Pause, resume or set a lane, or pause or resume a whole job."""
    access: Access = request.app.state.console
    fields = await form_of(request)
    viewer = access.operator(request, fields)
    back = await asyncio.to_thread(_change, action, viewer, fields)
    return see(request, back)


def _change(action: str, viewer: Viewer, fields: dict[str, str]) -> str:
    job, workspace = said(fields, "job"), said(fields, "workspace")
    if job is None:
        raise ConfigurationError("say which job is meant")
    details: dict[str, float | int] = {}
    with database().transaction() as connection:
        if action == "pause":
            lanes.pause(connection, job, workspace)
        elif action == "resume":
            lanes.resume(connection, job, workspace)
        elif action == "set" and workspace is not None:
            limit, weight = number_of(fields, "limit"), number_of(fields, "weight")
            if limit is not None and limit != math.floor(limit):
                raise ConfigurationError("limit: a whole number of runs at once")
            if weight is not None and weight > _LARGEST_WEIGHT:
                raise ConfigurationError(f"weight: at most {_LARGEST_WEIGHT:,.0f}")
            lanes.set_lane(connection, job, workspace, limit=int(limit) if limit is not None else None, weight=weight)
            details = {name: each for name, each in (("limit", limit), ("weight", weight)) if each is not None}
        else:
            raise ConfigurationError("a lane is paused, resumed or set; a job is paused or resumed")
        change = Change(actor=viewer.name, action=action, job=job, workspace_id=workspace, details=details)
        record(connection, change)
    if fields.get("back") == "jobs":
        return "jobs"
    return f"lanes?{urlencode({'job': job, 'workspace': workspace})}" if fields.get("back") == "lane" else "lanes"
