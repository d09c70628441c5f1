"""A signed webhook says that mail came back: nothing more goes to an address that does not exist."""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from groundwork.blocks.applications import Application
from groundwork.blocks.process_cache import forget
from groundwork.deployments.cli import program
from groundwork.deployments.gateway.app import create_app
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox.admission import admit
from groundwork.flows.operations.note_bounce import note_bounce
from groundwork.notifications.bounces import bounces
from groundwork.notifications.user import notify_user
from tests.factories import delivery_of, register_job
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, SECRET, ingest_keys, serving
from tests.integration.gateway.events import encoded
from tests.integration.gateway.test_signing import signed
from tests.integration.mailing import add_user, empty_outbox, mails

pytestmark = pytest.mark.usefixtures("prefect_api")

ACME = WorkspaceId("acme")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def outbox(home):
    return empty_outbox(home)


@pytest.fixture
def bounce(db, send: Callable[..., httpx.Response]) -> Callable[..., dict]:
    """A provider's signed webhook that mail to an address came back, and the job that it starts; the job's result."""
    register_job(db, "note-bounce", "mail/address.bounced")

    def tell(
        address: str, kind: str = "hard", *, workspace: str = "acme", at: datetime = NOON, reason: str = ""
    ) -> dict:
        data = {"workspaceId": workspace, "address": address, "kind": kind, "at": at.isoformat(), "reason": reason}
        body = encoded({"name": "mail/address.bounced", "data": data})
        answer = send(body, **signed(body, webhook_id=f"msg_{uuid4()}"))
        assert answer.status_code == 202, answer.text
        [accepted] = answer.json()["ids"]
        admit(10)
        return note_bounce(delivery_id=delivery_of(db, accepted).id)

    return tell


def welcome(user: str) -> bool:
    return notify_user(UserId(user), "welcome", {}, delivery_id=uuid4())


def test_nothing_is_sent_to_an_address_that_does_not_exist_and_to_others_it_is(db, bounce, outbox):
    add_user(db, "ada", email="Ada@Example.com")
    add_user(db, "ben")
    assert bounce("ada@example.com", reason="550 5.1.1 No such user\r\n\u202eevil") == {"users": 1}
    assert [welcome("ada"), welcome("ben")] == [False, True]
    assert [each["To"] for each in mails(outbox)] == ["Ben <ben@example.com>"]
    with db.transaction() as connection:
        [shown] = bounces(connection, ACME)
        assert bounces(connection, WorkspaceId("globex")) == []
    assert (shown.user_id, shown.kind, shown.reason, shown.times) == ("ada", "hard", "550 5.1.1 No such user evil", 1)


def test_a_full_mailbox_gets_the_next_mail_and_is_shown_all_the_same(db, bounce, outbox):
    add_user(db, "ada")
    bounce("ada@example.com", "soft")
    bounce("ada@example.com", "soft", at=NOON + timedelta(days=1))
    assert welcome("ada")
    with db.transaction() as connection:
        [shown] = bounces(connection, ACME)
    assert (shown.kind, shown.times, shown.bounced_at) == ("soft", 2, NOON + timedelta(days=1))


def test_a_full_mailbox_does_not_make_one_exist_again(db, bounce, outbox):
    add_user(db, "ada")
    bounce("ada@example.com", "soft")
    bounce("ada@example.com", "hard")
    bounce("ada@example.com", "soft")
    assert not welcome("ada")


def test_another_address_of_the_user_is_mailed(db, bounce, outbox):
    add_user(db, "ada")
    bounce("ada@example.com")
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.app_user SET email = 'new@example.com'"))
        assert bounces(connection, ACME) == []
    assert welcome("ada")


def test_a_neighbour_cannot_keep_mail_from_another_workspaces_user(db, bounce, outbox):
    add_user(db, "ada")
    assert bounce("ada@example.com", workspace="globex") == {"users": 0}
    assert welcome("ada")
    with db.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM app.mail_bounce")).scalar() == 0


def test_a_domain_in_another_script_is_known_by_both_of_its_forms(db, bounce, outbox):
    add_user(db, "ada", email="ada@bücher.example")
    add_user(db, "ben", email="ben@xn--bcher-kva.example")
    assert bounce("ada@xn--bcher-kva.example") == {"users": 1}
    assert bounce("ben@bücher.example") == {"users": 1}
    assert [welcome("ada"), welcome("ben")] == [False, False]


def test_whoever_does_not_sign_marks_nothing(db, send):
    data = {"workspaceId": "acme", "address": "ada@example.com", "kind": "hard", "at": NOON.isoformat()}
    body = encoded({"name": "mail/address.bounced", "data": data})
    headers = signed(body) | {"webhook-signature": "v1,AAAA"}
    assert send(body, **headers).status_code == 401


def test_the_command_line_shows_bounces_and_lets_an_address_be_mailed_again(db, bounce, outbox):
    add_user(db, "ada")
    bounce("ada@example.com", reason="No such user")
    shown = CliRunner().invoke(program(), ["user", "bounces", "--workspace", "acme"])
    assert "ada  ada@example.com  hard, 1 times, last 2026-11-27 12:00: No such user" in shown.output
    CliRunner().invoke(program(), ["user", "works-again", "ada", "--workspace", "globex"])
    assert not welcome("ada")
    answer = CliRunner().invoke(program(), ["user", "works-again", "ada", "--workspace", "acme"])
    assert "ada of acme gets mail again" in answer.output
    assert welcome("ada")


def get(gateway_url: str, query: str, key: str = OPEN_KEY) -> httpx.Response:
    return httpx.get(f"{gateway_url}/bounces{query}", headers={"Authorization": f"Bearer {key}"}, timeout=10)


class TestThePage:
    def test_shows_the_addresses_of_a_workspace_the_latest_first(self, db, bounce, gateway_url):
        add_user(db, "ada")
        add_user(db, "ben")
        add_user(db, "eve", workspace_id="globex")
        bounce("ada@example.com", reason="550 5.1.1 No such user")
        bounce("ben@example.com", "soft", at=NOON + timedelta(days=1))
        bounce("eve@example.com", workspace="globex")
        answer = get(gateway_url, "?workspaceId=acme")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
        assert [each["userId"] for each in answer.json()["bounces"]] == ["ben", "ada"]
        assert answer.json()["more"] is False
        assert answer.json()["bounces"][1] == {
            "userId": "ada",
            "address": "ada@example.com",
            "kind": "hard",
            "reason": "550 5.1.1 No such user",
            "bouncedAt": NOON.isoformat(),
            "times": 1,
        }

    def test_says_that_there_are_more(self, db, bounce, gateway_url):
        for each in ("ada", "ben"):
            add_user(db, each)
            bounce(f"{each}@example.com")
        answer = get(gateway_url, "?workspaceId=acme&limit=1").json()
        assert ([each["userId"] for each in answer["bounces"]], answer["more"]) == (["ada"], True)

    def test_is_nothing_to_whoever_has_no_key_or_may_not_mark_addresses(self, gateway_url):
        assert get(gateway_url, "?workspaceId=acme", "wrong").status_code == 401
        assert httpx.get(f"{gateway_url}/bounces?workspaceId=acme", timeout=10).status_code == 401
        for workspace in ("acme", "globex", "nobody"):
            assert get(gateway_url, f"?workspaceId={workspace}", RESTRICTED_KEY).status_code == 403

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("", "workspaceId is given 0 times"),
            ("?workspaceId=acme&workspaceId=globex", "workspaceId is given 2 times"),
            ("?workspaceId=", "it is empty"),
            ("?workspaceId=a%00b", "character 2"),
            ("?workspaceId=acme&limit=0", "from 1 to 1000"),
            ("?workspaceId=acme&limit=1001", "from 1 to 1000"),
            ("?workspaceId=acme&limit=%C2%B2", "from 1 to 1000"),
            ("?workspaceId=acme&limit=" + "9" * 5000, "from 1 to 1000"),
        ],
    )
    def test_says_what_is_wrong_with_a_question(self, gateway_url, query, told):
        answer = get(gateway_url, query)
        assert answer.status_code == 422
        assert told in answer.json()["error"]


def note_all() -> None:
    while admitted := admit(10):
        for each in admitted:
            note_bounce(delivery_id=each.id)


class TestAMailProvider:
    """The source that docs/notifications.md prints, as it stands."""

    @pytest.fixture
    def resend(self, db, monkeypatch) -> Iterator[Callable[..., httpx.Response]]:
        page = Path(__file__).parents[3] / "docs" / "notifications.md"
        programs = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        [printed] = [each for each in programs if "\nsources = " in each]
        hooks = ModuleType("mails_of_the_page")
        exec(compile(printed, str(page), "exec"), hooks.__dict__)
        hooks.__dict__["application"] = Application(name="mails", hooks="mails_of_the_page:sources")
        monkeypatch.setitem(sys.modules, "mails_of_the_page", hooks)
        monkeypatch.setenv("GROUNDWORK_APPLICATIONS", "contacts,mails_of_the_page:application")
        monkeypatch.setenv("GROUNDWORK_RESEND_WEBHOOK_SECRET", SECRET)
        forget()
        register_job(db, "note-bounce", "mail/address.bounced")
        with serving(create_app(ingest_keys())) as url:

            def tell(to: str, kind: str = "email.bounced", **data: Any) -> httpx.Response:
                message = {"type": kind, "created_at": NOON.isoformat(), "data": {"to": [to]} | data}
                body = encoded(message)
                headers = signed(body, webhook_id=f"msg_{uuid4()}")
                theirs = {name.replace("webhook-", "svix-"): value for name, value in headers.items()}
                return httpx.post(f"{url}/hooks/resend", content=body, headers=theirs, timeout=10)

            yield tell
        monkeypatch.undo()
        forget()

    def test_marks_the_address_in_each_workspace_that_has_it(self, db, resend):
        add_user(db, "ada", email="Ada@Example.com")
        add_user(db, "eve", email="ada@example.com", workspace_id="globex")
        answer = resend("ada@example.com", bounce={"type": "Permanent", "message": "No such user" * 200})
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
        assert resend("stranger@example.com", bounce={"type": "Permanent"}).json()["leftOut"] == 1
        note_all()
        assert [welcome("ada"), welcome("eve")] == [False, False]

    def test_tells_soft_from_hard_and_takes_a_complaint_for_hard(self, db, resend):
        for each in ("ada", "ben", "cleo"):
            add_user(db, each)
        resend("ada@example.com", bounce={"type": "Transient", "message": "Mailbox full"})
        resend("ben@example.com", "email.complained")
        resend("cleo@example.com", "email.delivered")
        note_all()
        with db.transaction() as connection:
            assert {(each.user_id, each.kind) for each in bounces(connection, ACME)} == {
                ("ada", "soft"),
                ("ben", "hard"),
            }
