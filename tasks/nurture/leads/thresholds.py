"""By what an agency scores its leads: changed by a person, and applied to all of its leads."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, update
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.nurture.leads import RescoreWanted


class Thresholds(BaseModel):
    """Half-life and thresholds of an agency; a form's fields may be given as they are.

    Attributes:
        half_life_days: after which engagement counts half. Too short: a lead cools before anybody calls.
        warm_from, hot_from: scores from which a lead is warm, and hot.
        hot_until: score below which a hot lead is hot no more. Too near to ``hot_from``: a lead that hardly moves is
            told of again and again.

    Raises:
        ValidationError: one is no number, NaN, infinite or out of range, or they are not in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    half_life_days: float = Field(ge=0.1, le=3650)
    warm_from: float = Field(ge=0)
    hot_until: float = Field(ge=0)
    hot_from: float = Field(ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.warm_from <= self.hot_until <= self.hot_from:
            raise ValueError(
                f"warm_from={self.warm_from}, hot_until={self.hot_until}, hot_from={self.hot_from}: none may be above "
                "the next"
            )
        return self


def change_thresholds(session: Session | Connection, workspace_id: WorkspaceId, thresholds: Thresholds) -> None:
    """Change an agency's thresholds, and ask for its scores by them, in the caller's transaction.

    Scores that are computed meanwhile are all decided by the old ones: this waits for them. A lead that the new ones
    make hot is told of once, and one that was hot stays so until it is below the new ``hot_until``.

    Raises:
        NonRetriable: the workspace has no agency.
    """
    connection = session.connection() if isinstance(session, Session) else session
    change = update(agency).where(agency.c.workspace_id == str(workspace_id)).values(thresholds.model_dump())
    if connection.execute(change).rowcount != 1:
        raise NonRetriable(f"Workspace {workspace_id} has no agency. Store one in nurture.agency first.")
    send(RescoreWanted(workspace_id=workspace_id), connection)
