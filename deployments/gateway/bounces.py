"""``GET /bounces?workspaceId=…``: addresses from which mail came back, for the application's own page."""

from typing import Any

from fastapi import APIRouter, Request, Response

from groundwork.blocks.database import database
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.bounces import MailBounced
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.bounces import bounces

router = APIRouter()

MOST = 1_000
"""Addresses of one answer, and how many are given where none is said."""
_PARAMETERS = [
    {"name": "workspaceId", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": MOST}},
]


@router.get("/bounces", openapi_extra={"parameters": _PARAMETERS})
def get_bounces(request: Request, response: Response) -> dict[str, Any]:
    """The addresses of a workspace's users from which mail came back, the latest first.

    A key sees those that it may send ``mail/address.bounced`` of: it may mark the addresses, and so read which are
    marked. Another workspace's answer does not tell whether there is such a workspace.
    """
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    workspace_id, most = _workspace(request), _most(request)
    if not (sender.allows_workspace(workspace_id) and sender.allows_event(MailBounced.event_name)):
        raise Refusal(403, f"This key may not see the bounces of {workspace_id}: it may not send mail/address.bounced.")
    with database().transaction() as connection:
        found = bounces(connection, workspace_id, most + 1)
    response.headers["Cache-Control"] = "private, no-store"
    return {
        "bounces": [
            {
                "userId": each.user_id,
                "address": each.address,
                "kind": each.kind,
                "reason": each.reason,
                "bouncedAt": each.bounced_at.isoformat(),
                "times": each.times,
            }
            for each in found[:most]
        ],
        "more": len(found) > most,
    }


def _workspace(request: Request) -> WorkspaceId:
    """The workspace that is asked for: one, so that nothing in front of the gateway reads another of two."""
    asked = request.query_params.getlist("workspaceId")
    if len(asked) != 1:
        raise Refusal(422, f"workspaceId is given {len(asked)} times; give it once: /bounces?workspaceId=acme")
    try:
        return WorkspaceId(asked[0])
    except ValueError as error:
        raise Refusal(422, f"workspaceId: {error}") from None


def _most(request: Request) -> int:
    asked = request.query_params.get("limit", str(MOST))
    if not (asked.isascii() and asked.isdigit() and len(asked) <= len(str(MOST)) and 1 <= int(asked) <= MOST):
        raise Refusal(422, f"limit: give a whole number from 1 to {MOST}")
    return int(asked)
