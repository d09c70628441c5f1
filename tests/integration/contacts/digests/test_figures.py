"""What is counted of a workspace's week, in the real database."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, null, update

from groundwork.blocks.schema.contacts import contact, csv_import
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.local import Local
from groundwork.tasks.contacts.digests.activity import active_workspaces
from groundwork.tasks.contacts.digests.figures import WeeklyFigures, weekly_figures
from groundwork.tasks.contacts.digests.week import Week

ACME = WorkspaceId("acme")
WEEK = Week.named("2026-W46")
DURING = WEEK.begins_at + timedelta(days=2, hours=3)
BEFORE = DURING - timedelta(days=7)
AGES_AGO = DURING - timedelta(days=300)
AFTERWARDS = WEEK.ends_at
JUST_IN_TIME = WEEK.ends_at - timedelta(microseconds=1)


@pytest.fixture
def workspace(db):
    """Stores what happened in the workspace acme."""
    numbers = iter(range(1000))

    class Workspace:
        def contact(self, created: datetime, changed: datetime | None = None, **columns: object) -> None:
            row = {
                "workspace_id": "acme",
                "email": f"{next(numbers)}@example.com",
                "created_at": created,
                "updated_at": changed or created,
            }
            with db.transaction() as connection:
                connection.execute(insert(contact).values(**row | columns))

        def imported(self, finished: datetime, summary: dict[str, int] | None, **columns: object) -> None:
            row = {
                "id": f"import {next(numbers)}",
                "workspace_id": "acme",
                "user_id": "ada",
                "filename": "contacts.csv",
                "blob_path": "nowhere",
                "status": "completed" if summary else "failed",
                "summary": summary or null(),
                "finished_at": finished,
            }
            with db.transaction() as connection:
                connection.execute(insert(csv_import).values(**row | columns))

        def change_all(self, at: datetime) -> None:
            with db.transaction() as connection:
                connection.execute(update(contact).values(updated_at=at))

    return Workspace()


def counted(db, week: Week = WEEK) -> WeeklyFigures:
    with db.transaction() as connection:
        return weekly_figures(connection, ACME, week)


def counts(figures: WeeklyFigures) -> dict[str, tuple[int, int]]:
    return {each.label: (each.count, each.before) for each in figures.measures}


def active(db, week: Week = WEEK) -> list[str]:
    with db.transaction() as connection:
        return list(active_workspaces(connection, week))


def test_contacts_are_new_in_the_week_that_made_them(db, workspace):
    for moment in (WEEK.begins_at, DURING, JUST_IN_TIME, BEFORE, AFTERWARDS, AGES_AGO):
        workspace.contact(moment)
    workspace.contact(DURING, workspace_id="globex")
    figures = counted(db)
    assert counts(figures)["New contacts"] == (3, 1)
    assert figures.new_per_day == [1, 0, 1, 0, 0, 0, 1]
    assert figures.new_per_day_before == [0, 0, 1, 0, 0, 0, 0]


def test_contacts_are_updated_if_they_are_older_than_the_week(db, workspace):
    workspace.contact(AGES_AGO, DURING)
    workspace.contact(BEFORE, DURING)
    workspace.contact(DURING, JUST_IN_TIME)
    assert counts(counted(db))["Updated contacts"] == (2, 0)


def test_imported_and_rejected_rows_come_from_the_imports_that_ended(db, workspace):
    workspace.imported(DURING, {"inserted": 90, "updated": 8, "rejected": 2})
    workspace.imported(JUST_IN_TIME, {"inserted": 1, "updated": 0, "rejected": 0})
    workspace.imported(BEFORE, {"inserted": 5, "updated": 5, "rejected": 7})
    workspace.imported(DURING, None)
    workspace.imported(DURING, {"inserted": 1000, "updated": 0, "rejected": 0}, workspace_id="globex")
    found = counts(counted(db))
    assert (found["Rows imported"], found["Rows rejected"]) == ((99, 10), (2, 7))


def test_tags_count_the_contacts_that_were_made_or_changed(db, workspace):
    workspace.contact(DURING, tags=["fair", "news"])
    workspace.contact(AGES_AGO, DURING, tags=["news"])
    workspace.contact(BEFORE, tags=["fair", "old"])
    workspace.contact(AGES_AGO, tags=["news"])
    assert [(each.tag, each.count, each.before) for each in counted(db).tags] == [("news", 2, 0), ("fair", 1, 1)]


def test_a_week_is_compared_with_what_was_told_of_the_week_before_though_its_contacts_changed_since(db, workspace):
    for _ in range(3):
        workspace.contact(AGES_AGO, BEFORE, tags=["fair"])
    assert counts(counted(db, WEEK.before))["Updated contacts"] == (3, 0)
    workspace.change_all(DURING)
    figures = counted(db)
    assert counts(figures)["Updated contacts"] == (3, 3)
    assert [(each.tag, each.count, each.before) for each in figures.tags] == [("fair", 3, 3)]


def test_a_workspace_without_anything_has_zeros(db):
    figures = counted(db)
    assert set(counts(figures).values()) == {(0, 0)}
    assert (figures.tags, figures.chart(Local())) == ([], None)


def test_a_workspace_is_active_that_made_changed_or_imported_contacts(db, workspace):
    workspace.contact(DURING, workspace_id="makes")
    workspace.contact(AGES_AGO, JUST_IN_TIME, workspace_id="changes")
    workspace.contact(DURING, AFTERWARDS, workspace_id="made, and changed later")
    workspace.imported(DURING, {"inserted": 0, "updated": 0, "rejected": 4}, workspace_id="imports")
    workspace.contact(AGES_AGO, workspace_id="sleeps")
    workspace.contact(AFTERWARDS, workspace_id="too late")
    workspace.imported(DURING, None, workspace_id="failed to import")
    assert active(db) == ["changes", "imports", "made, and changed later", "makes"]


def test_last_weeks_figure_of_a_tag_is_right_beyond_the_most_active_ones(db, workspace, monkeypatch):
    monkeypatch.setattr("groundwork.tasks.contacts.digests.activity.MOST_TAGS", 2)
    for tag, number in (("a", 3), ("b", 2), ("rare", 1)):
        for _ in range(number):
            workspace.contact(BEFORE, tags=[tag])
    with db.transaction() as connection:
        weekly_figures(connection, ACME, WEEK.before)
        connection.execute(update(contact).values(updated_at=DURING).where(contact.c.tags == ["rare"]))
        [rare] = weekly_figures(connection, ACME, WEEK).tags
    assert (rare.tag, rare.count, rare.before) == ("rare", 1, 1)
