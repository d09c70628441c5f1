"""What a demo has come to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from groundwork.blocks.database import database
from groundwork.deployments.commands.nurture.demonstration.standing import (
    Lead,
    Mail,
    OfCategory,
    OfSource,
    by_band,
    by_category,
    by_source,
    hottest,
    mails_of,
)
from groundwork.deployments.commands.runs import Runs, runs_of
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.agency import agency_of

_JOBS = (
    "start-sequence", "generate-sequence", "push-to-crm", "send-sequence", "record-engagement", "score-intent",
    "alert-hot-lead",
)  # fmt: skip
"""In the order in which a contact meets them."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a demo has come to.

    Attributes:
        seconds: when each part was complete.
        error: why not all came through.
        alert: file of the mail that tells of the hot lead.
        lead: the hottest one; None before there is a score.
        mails: of its sequence.
    """

    workspace_id: WorkspaceId
    zone: str
    categories: Sequence[OfCategory]
    sources: Sequence[OfSource]
    bands: Mapping[str, int]
    runs: Mapping[str, Runs]
    seconds: Mapping[str, float]
    error: str | None
    alert: Path | None
    lead: Lead | None
    mails: Sequence[Mail]

    @classmethod
    def of(cls, workspace_id: WorkspaceId, seconds: Mapping[str, float], error: str | None, alert: Path | None) -> Self:
        """Those of the demo that has the workspace."""
        with database().transaction() as connection:
            lead = hottest(connection, workspace_id)
            return cls(
                workspace_id=workspace_id,
                zone=agency_of(connection, workspace_id).time_zone,
                categories=by_category(connection, workspace_id),
                sources=by_source(connection, workspace_id),
                bands=by_band(connection, workspace_id),
                runs=runs_of(connection, workspace_id, _JOBS),
                seconds=seconds,
                error=error,
                alert=alert,
                lead=lead,
                mails=mails_of(connection, workspace_id, lead.sequence_id) if lead else [],
            )

    @property
    def total(self) -> OfCategory:
        """All categories together."""
        figures = ("contacts", "sequences", "in_crm", "first_mails")
        return OfCategory("all", **{name: sum(getattr(each, name) for each in self.categories) for name in figures})

    def as_json(self) -> str:
        """For a machine."""
        return json.dumps(
            {
                "state": "failed" if self.error else "done",
                "error": self.error,
                "workspace": self.workspace_id,
                **{name: value for name, value in asdict(self.total).items() if name != "category"},
                "by_category": {each.category: each.contacts for each in self.categories},
                "sources": [asdict(each) for each in self.sources],
                "bands": dict(self.bands),
                "hot_lead": {"contact": self.lead.contact_id, "score": float(self.lead.score)} if self.lead else None,
                "alert_mail": str(self.alert) if self.alert else None,
                "runs": {job: each.number for job, each in self.runs.items()},
                "run_urls": {job: each.url for job, each in self.runs.items()},
                "seconds": dict(self.seconds),
            }
        )
