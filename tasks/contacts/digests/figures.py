"""The figures of a digest: one week against the week before."""

import pandas as pd
from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.chart import BarChart
from groundwork.notifications.local import Local
from groundwork.tasks.contacts.digests import activity
from groundwork.tasks.contacts.digests.activity import RememberedFigures
from groundwork.tasks.contacts.digests.week import Week

MEASURES = {
    "new": "New contacts",
    "updated": "Updated contacts",
    "imported": "Rows imported",
    "rejected": "Rows rejected",
}
"""What is counted, and what the mail calls it."""
TAGS_SHOWN = 5


class Measure(BaseModel):
    """One count of the week.

    Attributes:
        change: (count - before) ÷ before; None where there was nothing before.
    """

    label: str
    count: int
    before: int
    change: float | None


class TagActivity(BaseModel):
    """Contacts with a tag that were made or changed."""

    tag: str
    count: int
    before: int


class WeeklyFigures(BaseModel):
    """What a digest tells.

    Attributes:
        week: ISO 8601.
        measures: in the order of :data:`MEASURES`.
        tags: the most active ones, at most :data:`TAGS_SHOWN`.
        new_per_day: new contacts, Monday to Sunday.
        new_per_day_before: likewise, of the week before.
    """

    week: str
    measures: list[Measure]
    tags: list[TagActivity]
    new_per_day: list[int]
    new_per_day_before: list[int]

    def chart(self, local: Local) -> BarChart | None:
        """New contacts by day, in numbers as the workspace writes them; None where there were none in either week."""
        if not any(self.new_per_day + self.new_per_day_before):
            return None
        days = [f"{day:%a}" for day in Week.named(self.week).days]
        series = {"the week": self.new_per_day, "the week before": self.new_per_day_before}
        return BarChart("New contacts per day", days, series, local)


def weekly_figures(connection: Connection, workspace_id: WorkspaceId, week: Week) -> WeeklyFigures:
    """The figures of a workspace's week, kept for the next digest to compare with."""
    table = by_day(activity.daily(connection, workspace_id, week), week)
    counts = {str(name): int(number) for name, number in table.loc[week.days].sum().items()}
    tags = activity.tags_told(connection, workspace_id, week, counts)
    told = activity.remembered(connection, workspace_id, week.before, tags["tag"].tolist())
    return compared(table, tags, week, told)


def by_day(days: pd.DataFrame, week: Week) -> pd.DataFrame:
    """One row per day of both weeks and one column per measure, nothing being 0.

    Args:
        days: as :func:`groundwork.tasks.contacts.digests.activity.daily` gives them.
    """
    table = days.pivot_table(index="day", columns="measure", values="number", aggfunc="sum")
    return table.reindex(index=week.before.days + week.days, columns=list(MEASURES)).fillna(0).astype("int64")


def compared(table: pd.DataFrame, tags: pd.DataFrame, week: Week, told: RememberedFigures | None) -> WeeklyFigures:
    """A week against the one before.

    Args:
        table: as :func:`by_day` gives it.
        tags: as :func:`groundwork.tasks.contacts.digests.activity.tags` gives them.
        told: what the digest of the week before told. The week is compared with that; where it is None, with what the
            rows still know.
    """
    counts = pd.DataFrame({"count": table.loc[week.days].sum(), "before": table.loc[week.before.days].sum()})
    active = tags.rename(columns={"number": "count"})
    if told is not None:
        counts["before"] = [told.counts.get(str(name), 0) for name in counts.index]
        active["before"] = [told.tags.get(str(tag), 0) for tag in active["tag"]]
    counts["change"] = (counts["count"] - counts["before"]) / counts["before"].where(counts["before"] > 0)
    active = active[active["count"] > 0].sort_values(["count", "tag"], ascending=[False, True]).head(TAGS_SHOWN)
    return WeeklyFigures(
        week=week.name,
        measures=[
            Measure(
                label=MEASURES[str(name)],
                count=row["count"],
                before=row["before"],
                change=None if pd.isna(row["change"]) else round(row["change"], 4),
            )
            for name, row in counts.iterrows()
        ],
        tags=[TagActivity.model_validate(row) for row in active.to_dict("records")],
        new_per_day=table.loc[week.days, "new"].tolist(),
        new_per_day_before=table.loc[week.before.days, "new"].tolist(),
    )
