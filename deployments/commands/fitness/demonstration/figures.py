"""What a demo has come to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from groundwork.blocks.atomic_file import atomic_file
from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.deployments.commands.fitness.demonstration.alerts import Alerts, chart_of
from groundwork.deployments.commands.fitness.demonstration.invented import Gym, member_id
from groundwork.deployments.commands.fitness.demonstration.standing import (
    TopScore,
    Totals,
    WaitingDigest,
    top_scores,
    totals,
    waiting_digests,
)
from groundwork.deployments.commands.runs import Runs, runs_of
from groundwork.tasks.fitness.feed.reading import FeedItem, feed
from groundwork.tasks.fitness.risks.standing import risks
from groundwork.tasks.fitness.scores.member_scores import scores

_JOBS = (
    "import-readings", "calculate-score", "detect-risk", "alert-injury-risk", "alert-churn-risk", "fan-out-follows",
    "fan-out-posts", "fan-out-reactions", "fan-out-comments",
)  # fmt: skip
_TOP, _FEED_ITEMS = 5, 6


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a demo has come to.

    Attributes:
        totals: rows of each kind.
        rejected: rows of the file of nights that cannot be.
        top: members whose load has grown most.
        scores: of the member who trains too much, as a route handler gets them.
        risks: those that stand, likewise.
        feed: of the same member, likewise.
        digests: what waits to be mailed.
        seconds: when each part was complete.
        alerts: files of the mails about that member, by figure.
        chart: file of the chart in the first of them.
        error: why not all came through.
    """

    gym: Gym
    totals: Totals
    rejected: int
    top: Sequence[TopScore]
    scores: Mapping[str, Any]
    risks: Sequence[Mapping[str, Any]]
    feed: Sequence[FeedItem]
    digests: Sequence[WaitingDigest]
    runs: Mapping[str, Runs]
    seconds: Mapping[str, float]
    alerts: Mapping[str, Path]
    chart: Path | None
    error: str | None

    @classmethod
    def of(cls, gym: Gym, alerts: Alerts, *, seconds: Mapping[str, float], rejected: int, error: str | None) -> Self:
        """Those of the demo that has the gym."""
        workspace_id, spiking = gym.workspace_id, member_id(gym.spiking)
        found = alerts.found
        with database().transaction() as connection:
            return cls(
                gym=gym,
                totals=totals(connection, workspace_id),
                rejected=rejected,
                top=top_scores(connection, workspace_id, _TOP),
                scores=scores(connection, workspace_id, spiking),
                risks=risks(connection, workspace_id),
                feed=feed(connection, workspace_id, spiking, limit=_FEED_ITEMS),
                digests=waiting_digests(connection, workspace_id),
                runs=runs_of(connection, workspace_id, _JOBS),
                seconds=seconds,
                alerts=found,
                chart=_stored_chart(gym, found.get(Alerts.expected[0])),
                error=error,
            )

    def as_json(self) -> str:
        """For a machine."""
        return json.dumps(
            {
                "state": "failed" if self.error else "done",
                "error": self.error,
                "workspace": self.gym.workspace_id,
                "members": self.gym.members,
                **asdict(self.totals),
                "rejected": self.rejected,
                "top": [asdict(each) for each in self.top],
                "progress": self.scores["strength"][0]["progress"] if self.scores["strength"] else None,
                "risks": [
                    {"member": each["member_id"], "figure": each["figure"], "value": each["value"]}
                    for each in self.risks
                ],
                "feed": [{"verb": each.verb, "actor": each.actor_id, "post": each.post_id} for each in self.feed],
                "digests": [asdict(each) for each in self.digests],
                "alert_mails": {figure: str(file) for figure, file in self.alerts.items()},
                "chart": str(self.chart) if self.chart else None,
                "runs": {job: each.number for job, each in self.runs.items()},
                "run_urls": {job: each.url for job, each in self.runs.items()},
                "seconds": dict(self.seconds),
            }
        )


def _stored_chart(gym: Gym, mail: Path | None) -> Path | None:
    """The chart as a file of its own: not everybody has a program that shows mails from files."""
    chart = chart_of(mail) if mail else None
    if chart is None:
        return None
    outbox, name = settings().home / "outbox", f"{gym.workspace_id}-chart.png"
    with atomic_file(outbox, name, ".partial") as file:
        file.write(chart)
    return outbox / name
