"""Welcome mail and weekly digest go the whole way, to files in the outbox."""

import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import insert

from groundwork.blocks.schema.contacts import contact
from groundwork.tasks.contacts.digests.week import Week
from tests.integration.stack.application import Application
from tests.waiting import wait_until

DEPLOYMENT = "weekly-digest/weekly-digest"
LAST_WEEK = Week.last_complete(datetime.now(UTC))


def add_contact(application: Application) -> None:
    """A contact that was made last week, which makes the workspace active."""
    moment = LAST_WEEK.begins_at + timedelta(days=1)
    row = {"workspace_id": application.workspace, "email": "c@example.com", "created_at": moment, "updated_at": moment}
    with application.stack.database.transaction() as connection:
        connection.execute(insert(contact).values(row))


def mail_of(application: Application) -> EmailMessage:
    """The one mail that the workspace's user was sent."""
    [mail] = wait_until(application.mails, 60, what="a mail")
    return mail


def digest_deployment(application: Application) -> dict[str, Any]:
    return application.stack.ask_prefect(f"/deployments/name/{DEPLOYMENT}", method="GET")


def test_a_user_who_signs_up_gets_one_mail(application: Application):
    data = json.dumps({"workspaceId": application.workspace, "userId": application.user})
    for _ in range(2):
        sent = application.stack.groundwork("send", "user/signed.up", data, "--json")
        assert sent.returncode == 0, sent.stderr
        application.done(json.loads(sent.stdout)["id"])
    assert mail_of(application)["Subject"] == "Welcome, Ada"


def test_a_person_starts_the_digest_and_each_user_gets_one_with_a_chart(application: Application):
    add_contact(application)
    started = application.stack.prefect("deployment", "run", DEPLOYMENT, "--param", "workspace_id=platform")
    assert started.returncode == 0, started.stdout + started.stderr
    mail = mail_of(application)
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "image/png",
    ]
    port = application.stack.port
    assert str(mail["List-Unsubscribe"]).startswith(f"<http://127.0.0.1:{port}/unsubscribe/")


def test_prefect_plans_the_digest_for_the_next_mondays_at_eight(application: Application):
    deployment = digest_deployment(application)["id"]
    wanted = {"deployments": {"id": {"any_": [deployment]}}, "flow_runs": {"state": {"name": {"any_": ["Scheduled"]}}}}
    runs = wait_until(
        lambda: application.stack.ask_prefect("/flow_runs/filter", wanted), 60, what="Prefect's scheduler made runs"
    )
    for run in runs:
        at = datetime.fromisoformat(run["expected_start_time"])
        assert (at.weekday(), at.hour, at.minute, at.utcoffset()) == (0, 8, 0, timedelta(0))
        assert run["parameters"] == {"workspace_id": "platform"}


def test_runs_that_are_weeks_late_come_to_one_digest(application: Application):
    add_contact(application)
    deployment = digest_deployment(application)["id"]
    now = datetime.now(UTC)
    late = [
        application.stack.ask_prefect(
            f"/deployments/{deployment}/create_flow_run",
            {
                "parameters": {"workspace_id": "platform"},
                "state": {
                    "type": "SCHEDULED",
                    "state_details": {"scheduled_time": (now - timedelta(weeks=weeks)).isoformat()},
                },
            },
        )["id"]
        for weeks in (3, 2, 1, 0)
    ]

    def all_completed() -> bool:
        runs = [application.stack.ask_prefect(f"/flow_runs/{each}", method="GET") for each in late]
        assert not any(run["state_type"] in ("FAILED", "CRASHED") for run in runs)
        return all(run["state_type"] == "COMPLETED" for run in runs)

    wait_until(all_completed, 90, what="the late runs have completed")
    events = "SELECT id, data FROM groundwork.event WHERE name = 'digest/week.due' AND workspace_id = :it"
    [announced] = application.rows(events, it=application.workspace)
    assert announced.data["week"] == LAST_WEEK.name
    assert application.done(announced.id).result["sent"] == 1
    mail_of(application)
