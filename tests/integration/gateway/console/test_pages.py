"""The console over HTTP: what people find, what they change, and what they are kept from."""

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import Database
from groundwork.deployments.console import tokens
from groundwork.deployments.console.access import COOKIE
from groundwork.deployments.console.tokens import Grant
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run, claim
from groundwork.events.inbox.dead_letters import dead_of_event, replay_deliveries
from groundwork.events.inbox.lanes import lanes
from tests.factories import delivery_of, scalar
from tests.integration.gateway.conftest import ACME_KEY, OPEN_KEY, OPERATOR_KEY, VIEWER_KEY, console_keys
from tests.integration.gateway.console.inbox import EVIL, JOB, KEEP, TOKEN, Inbox, fill
from tests.integration.gateway.console.signing_in import Person, person

PAGES = ("events", "lanes", "dead", "jobs", "catalogue", "audit")


@pytest.fixture
def inbox(db: Database) -> Inbox:
    return fill(db)


@pytest.fixture
def olga(gateway_url: str, inbox: Inbox) -> Iterator[Person]:
    with person(gateway_url, OPERATOR_KEY) as olga:
        yield olga


@pytest.fixture
def victor(gateway_url: str, inbox: Inbox) -> Iterator[Person]:
    with person(gateway_url, VIEWER_KEY) as victor:
        yield victor


@pytest.fixture
def acme(gateway_url: str, inbox: Inbox) -> Iterator[Person]:
    with person(gateway_url, ACME_KEY) as acme:
        yield acme


def listed(page: str) -> list[str]:
    """The ids of the events that a page lists."""
    return re.findall(r'href="events/([0-9a-f-]{36})"', page)


def state_of(db: Database, event_id: object) -> str:
    return scalar(db, "SELECT state FROM groundwork.delivery WHERE event_id = :id", id=event_id)


class TestRenewing:
    """Consoles that are open share what they renew; who opens a page, or changes something, sees it as it is."""

    LIVE: ClassVar = {"X-Groundwork-Live": "1"}

    def renewed(self, somebody: Person, path: str = "dead") -> str:
        answer = somebody.client.get(f"/console/{path}", headers=self.LIVE)
        assert answer.status_code == 200
        return answer.text

    def cancel(self, db: Database) -> None:
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET state = 'cancelled' WHERE state = 'failed'"))

    def test_two_of_one_key_share_a_page_but_not_the_token_of_their_forms(
        self, gateway_url: str, olga: Person, db: Database
    ):
        with person(gateway_url, OPERATOR_KEY) as other:
            first = self.renewed(olga)
            self.cancel(db)
            assert olga.form_token() != other.form_token()
            assert self.renewed(other) == first.replace(olga.form_token(), other.form_token())
            assert "no file" not in other.see("dead")

    def test_a_viewer_of_one_workspace_shares_with_no_others(self, olga: Person, acme: Person, victor: Person):
        assert "bolt" in self.renewed(olga, "events")
        assert "bolt" not in self.renewed(acme, "events")
        assert "<form method" not in self.renewed(victor, "dead").partition("</header>")[2]

    def test_what_somebody_changes_is_seen_at_once(self, olga: Person, victor: Person, inbox: Inbox, db: Database):
        path = f"events/{inbox.dead[0]}"
        assert "failed" in self.renewed(victor, path)
        assert olga.post(f"{path}/replay", form_token=olga.form_token()).status_code == 303
        assert "Replay" not in self.renewed(olga, path)
        assert "state queued" in self.renewed(victor, path)

    def test_a_session_that_has_ended_renews_nothing(self, olga: Person):
        self.renewed(olga)
        olga.client.cookies.clear()
        assert olga.client.get("/console/dead", headers=self.LIVE).status_code == 303


class TestFiles:
    """Files that jobs have made."""

    @pytest.fixture
    def made(self, inbox: Inbox, db: Database) -> str:
        """An import's rejects, in the result of its delivery."""
        key = "imports/one/rejects.csv"
        with blob_store().write(key) as file:
            file.write(b"line,reason\n2,invalid_email\n")
        with db.transaction() as connection:
            result = json.dumps({"rows": 3, "rejects_path": key, "other_path": None, "name": "x"})
            connection.execute(
                text("UPDATE groundwork.delivery SET result = CAST(:result AS jsonb) WHERE event_id = :id"),
                {"result": result, "id": inbox.done},
            )
        return f"events/{inbox.done}/files/{JOB}/rejects_path"

    def test_an_operator_is_led_to_a_file_by_a_link_that_does_not_last_and_it_is_written_down(
        self, olga: Person, made: str, inbox: Inbox
    ):
        assert f"files/{JOB}/rejects_path" in olga.see(f"events/{inbox.done}")
        led = olga.client.get(f"/console/{made}")
        assert led.status_code == 303
        link = urlsplit(led.headers["location"]).path
        assert olga.client.get(link).text == "line,reason\n2,invalid_email\n"
        assert "download" in olga.see("audit")

    def test_viewers_and_strangers_get_no_file(self, victor: Person, acme: Person, made: str, inbox: Inbox):
        for somebody in (victor, acme):
            assert "files/" not in somebody.see(f"events/{inbox.done}")
            somebody.see(made, 403)
        victor.client.cookies.clear()
        assert victor.client.get(f"/console/{made}").headers["location"].startswith("../../../../sign-in")

    def test_what_is_no_file_is_not_found(self, olga: Person, made: str, inbox: Inbox):
        for name in ("name", "rows", "other_path", "nothing_path", "%2e%2e%2fetc"):
            olga.see(made.replace("rejects_path", name), 404)
        olga.see(made.replace(JOB, "another-job"), 404)
        olga.see(f"events/{inbox.waiting}/files/{JOB}/rejects_path", 404)
        blob_store().delete("imports/one/rejects.csv")
        olga.see(made, 404)


class TestLooking:
    def test_each_attempt_tells_its_error_escaped_and_without_links_that_open_by_themselves(
        self, olga: Person, acme: Person, inbox: Inbox, db: Database
    ):
        link = f"http://127.0.0.1/downloads/abc.{'d' * 43}"
        for error in (f"{EVIL} {link}", "It died again."):
            with db.transaction() as connection:
                replay_deliveries(connection, dead_of_event(connection, inbox.dead[0]))
            admit(10)
            attempt = claim(delivery_of(db, inbox.dead[0]).id, Run(flow_run_id=uuid4()))
            attempt.fail(ValueError(error))
        for somebody in (olga, acme):
            page = somebody.see(f"events/{inbox.dead[0]}")
            found = re.findall(r"attempt (\d), .*?<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
            assert [number for number, _ in found] == ["1", "2", "3"]
            assert found[0][1].startswith("ValueError: no file")
            assert found[2][1] == "ValueError: It died again."
            assert "<script>" not in page.partition("</head>")[2]
            assert link not in page
        assert "its run in Prefect" not in acme.see(f"events/{inbox.dead[0]}")

    def test_a_run_of_prefect_leads_to_its_event_and_a_viewer_of_one_workspace_to_its_own_alone(
        self, olga: Person, acme: Person, inbox: Inbox, db: Database
    ):
        bolt = inbox.dead[2]
        run = scalar(db, "SELECT flow_run_id FROM groundwork.delivery WHERE event_id = :id", id=bolt)
        olga.client.follow_redirects = acme.client.follow_redirects = True
        assert str(bolt) in olga.see(f"runs/{run}")
        assert "No event fits" in acme.see(f"runs/{run}")
        assert "No event fits" in olga.see(f"runs/{'0' * 32}")
        assert "No event fits" in olga.see("runs/%3Cscript%3E")

    def test_events_are_found_by_workspace_name_state_job_time_id_and_a_field(self, olga: Person, inbox: Inbox):
        everything = listed(olga.see("events"))
        assert len(everything) == 18
        assert everything[0] == str(inbox.waiting)
        assert set(listed(olga.see("events?state=failed&workspace=bolt"))) == {str(inbox.dead[2])}
        assert listed(olga.see("events?name=console/account.linked")) == [str(inbox.evil)]
        assert listed(olga.see(f"events?job={KEEP}")) == [str(inbox.evil)]
        assert listed(olga.see("events?state=done&workspace=acme")) == [str(inbox.done)]
        assert len(listed(olga.see("events?state=queued"))) == 13
        assert listed(olga.see("events?field=importId&value=dead-bolt")) == [str(inbox.dead[2])]
        assert listed(olga.see("events?since=2020-01-01T00:00")) == everything
        assert listed(olga.see("events?until=2020-01-01T00:00")) == []
        for id in (str(inbox.done), inbox.done.hex):
            found = olga.client.get(f"/console/events?id={id}")
            assert (found.status_code, found.headers["location"]) == (303, f"events/{inbox.done}")
        assert len(listed(olga.see(f"events?id={str(inbox.done)[:6]}"))) > 1

    def test_events_come_page_by_page_each_once(self, olga: Person, db: Database, monkeypatch: pytest.MonkeyPatch):
        from groundwork.deployments.console import events

        search = events.search_events
        monkeypatch.setattr(events, "search_events", lambda *args, **more: search(*args, **more, most=7))
        seen, path = [], "events"
        while path:
            page = olga.see(path)
            seen += listed(page)
            older = re.search(r'href="events(\?[^"]+)" rel="next"', page)
            path = f"events{older[1].replace('&amp;', '&')}" if older else ""
        assert len(seen) == len(set(seen)) == 18

    def test_a_search_for_something_rare_says_how_far_it_looked_and_goes_on(
        self, olga: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("groundwork.events.inbox.search.LOOKED_AT", 15)
        page = olga.see("events?field=importId&value=one")
        assert listed(page) == []
        assert "Look further back" in page
        further = re.search(r'href="events(\?[^"]+)" rel="next"', page)
        assert listed(olga.see(f"events{further[1].replace('&amp;', '&')}")) == [str(inbox.done)]

    def test_an_event_has_its_timeline_error_result_and_run(
        self, olga: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(
            "groundwork.deployments.console.pages.url_for", lambda _, obj_id: f"http://prefect/{obj_id}"
        )
        page = olga.see(f"events/{inbox.done}")
        for words in ("claimed", "settled", "&#34;rows&#34;: 3", "importId", "Run in Prefect"):
            assert words in page, words
        assert "ValueError: no file" in olga.see(f"events/{inbox.dead[0]}")

    def test_what_caused_an_event_and_what_it_caused_lead_to_each_other(self, olga: Person, inbox: Inbox, db: Database):
        from groundwork.events.inbox.accept import NewEvent, accept
        from groundwork.events.inbox.chain import Cause
        from tests.factories import csv_import_confirmed

        cause = Cause(inbox.done, inbox.done, 0)
        with db.transaction() as connection:
            event = NewEvent.of(csv_import_confirmed("caused"), source="a test")
            [caused] = accept(connection, [NewEvent(**{**vars_of(event), "cause": cause})])
        for one, other in ((inbox.done, caused.id), (caused.id, inbox.done)):
            assert f'href="../events/{other}"' in olga.see(f"events/{one}")

    def test_lanes_and_jobs_say_what_they_hold(self, olga: Person):
        page = olga.see("lanes")
        rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
        [bolt] = [each for each in rows if 'data-label="Workspace">bolt' in each]
        assert 'data-label="Queued" class="number">12<' in bolt
        assert 'data-label="Ended" class="number">1<' in bolt
        jobs = olga.see("jobs")
        for words in (JOB, KEEP, "10 at once per lane", "75.0 %"):
            assert words in jobs, words

    def test_dead_letters_are_grouped_by_job_and_error_without_ids(self, olga: Person):
        page = olga.see("dead")
        assert page.count("no file # of #") == 3  # once shown, and once for each of two buttons
        assert 'data-label="Dead" class="number">3<' in page

    def test_secrets_are_masked_and_not_looked_for(self, olga: Person, inbox: Inbox):
        page = olga.see(f"events/{inbox.evil}")
        assert TOKEN not in page
        assert "(secret)" in page
        assert "oura" in page
        for name in ("", "&name=console/account.linked"):
            refused = olga.see(f"events?field=token&value={TOKEN}{name}", 400)
            assert listed(refused) == []
        assert listed(olga.see("events?field=account&value=oura")) == [str(inbox.evil)]


class TestBadInput:
    def test_what_strangers_write_is_text_everywhere(self, olga: Person, inbox: Inbox):
        asked = quote(EVIL)
        for path in (*PAGES, f"events/{inbox.evil}", f"events?workspace={asked}", f"lanes?workspace={asked}",
                     f"events?id={asked}", f"dead?done=Replayed%20{asked}"):  # fmt: skip
            answer = olga.client.get(f"/console/{path}")
            assert "<img" not in answer.text
            assert "<script>" not in answer.text
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search(r"<[^>]*\s(?:on\w+|style)=", re.sub('"[^"]*"', '""', answer.text))

    @pytest.mark.parametrize(
        "query",
        ["state=gone", "since=yesterday", "field=importId", "since=99999-01-01", "id=%00", "name=" + "x" * 600,
         "since=9999-12-31T23:59:59-14:00", "before=ffffffffffffffffff.zz", "field=..&value=x"],
    )  # fmt: skip
    def test_a_search_that_cannot_be_is_told_so(self, olga: Person, query: str):
        answer = olga.client.get(f"/console/events?{query}")
        assert answer.status_code in (200, 400)
        assert "<h1>Events</h1>" in answer.text

    def test_a_payload_of_megabytes_is_cut(self, olga: Person, inbox: Inbox, db: Database):
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE groundwork.event SET data = jsonb_build_object('importId', repeat('long ', 800000))")
            )
        answer = olga.client.get(f"/console/events/{inbox.done}")
        assert answer.status_code == 200
        assert len(answer.text) < 100_000
        assert "longer than what is shown" in answer.text

    def test_the_database_away_is_a_page_that_says_so(
        self, olga: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ):
        from pydantic import SecretStr

        gone = Database(connection_url=SecretStr("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2"))
        monkeypatch.setattr("groundwork.events.inbox.looking.database", lambda: gone)
        page = olga.see("events", 503)
        assert "The database is away" in page
        assert "127.0.0.1:9" not in page

    def test_what_takes_too_long_is_told_so(self, olga: Person, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("groundwork.events.inbox.looking.LONGEST_MILLISECONDS", 1)
        monkeypatch.setattr("groundwork.events.inbox.search._statement", lambda _: text("SELECT pg_sleep(5)"))
        assert "Narrow the search" in olga.see("events", 503)


class TestAccess:
    @pytest.mark.parametrize(
        "path", ["", "/", *(f"/{each}" for each in PAGES), "/events/0", "/nothing", "/dead/confirm"]
    )
    def test_who_is_not_signed_in_sees_nothing(self, gateway_url: str, inbox: Inbox, path: str):
        answer = httpx.get(f"{gateway_url}/console{path}")
        assert answer.status_code in (303, 404)
        assert "acme" not in answer.text
        if path.strip("/") in PAGES:
            assert answer.headers["location"] == f"sign-in?next={path.strip('/')}"

    def test_a_key_that_is_none_of_the_consoles_opens_nothing(self, gateway_url: str, inbox: Inbox):
        with person(gateway_url) as stranger:
            for key in ("", "wrong", OPEN_KEY, "ä" * 100_000, "\x00"):
                assert stranger.sign_in(key).status_code in (401, 413)
            assert COOKIE not in stranger.client.cookies
            without = stranger.post("sign-in", key=OPERATOR_KEY)
            assert without.status_code == 403

    def test_signing_in_leads_to_where_one_was_going_but_to_no_other_site(self, gateway_url: str, inbox: Inbox):
        for wanted, leads_to in [
            (f"events/{inbox.done}", f"events/{inbox.done}"),
            ("lanes?job=process-csv", "lanes?job=process-csv"),
            *((bad, "events") for bad in ("//evil.example", "https://evil.example", "/x", "\\\\evil", "a:b", "../x")),
        ]:
            with person(gateway_url) as somebody:
                token = somebody.form_token("sign-in")
                answer = somebody.post("sign-in", form_token=token, key=VIEWER_KEY, next=wanted)
                assert answer.headers["location"] == leads_to

    def test_the_cookie_is_for_no_script_and_no_other_site(self, gateway_url: str, inbox: Inbox):
        with person(gateway_url) as somebody:
            told = somebody.sign_in(VIEWER_KEY).headers.get_list("set-cookie")
            [session] = [each for each in told if each.startswith(f"{COOKIE}=")]
            assert "HttpOnly" in session
            assert "SameSite=lax" in session
            assert VIEWER_KEY not in session

    def test_forged_expired_and_foreign_cookies_open_nothing(self, gateway_url: str, inbox: Inbox):
        keys = console_keys()
        olga = keys.named("olga")
        future = int(time.time()) + 60
        good = tokens.signed("session", Grant("olga", None, future, "mark"), olga)
        payload, _, signature = good.partition(".")
        victors = tokens.signed("session", Grant("olga", None, future, "mark"), keys.named("victor"))
        for cookie in (
            tokens.signed("session", Grant("olga", None, int(time.time()) - 1, "mark"), olga),
            tokens.signed("link", Grant("olga", None, future, "mark"), olga),
            tokens.signed("session", Grant("nobody", None, future, "mark"), olga),
            victors, f"{payload}.", f"{payload}.{signature[:-1]}", f"{payload[:-2]}.{signature}", "x.y", ".", "é.é",
            "W10.x", "e30.x", "A" * 5000,
        ):  # fmt: skip
            answer = httpx.get(f"{gateway_url}/console/events", headers={"Cookie": f"{COOKIE}={cookie}".encode()})
            assert answer.status_code == 303, cookie
        assert httpx.get(f"{gateway_url}/console/events", cookies={COOKIE: good}).status_code == 200

    def test_signing_out_ends_it(self, olga: Person):
        assert olga.post("sign-out", form_token=olga.form_token()).status_code == 303
        assert olga.client.get("/console/events").status_code == 303

    def test_a_viewer_changes_nothing(self, victor: Person, inbox: Inbox, db: Database):
        token = victor.form_token()
        for path, fields in (
            (f"events/{inbox.dead[0]}/replay", {}),
            ("lanes/pause", {"job": JOB}),
            ("lanes/set", {"job": JOB, "workspace": "acme", "limit": "9"}),
            ("dead", {"action": "replay", "job": JOB, "key": "x", "until": "2030-01-01T00:00", "number": "1"}),
        ):
            assert victor.post(path, form_token=token, **fields).status_code == 403
        assert victor.client.get(f"/console/dead/confirm?action=replay&job={JOB}&key=x").status_code == 403
        assert state_of(db, inbox.dead[0]) == "failed"
        assert scalar(db, "SELECT count(*) FROM groundwork.audit_entry") == 0
        for path in ("lanes", "dead", "jobs"):
            assert "lanes/pause" not in victor.see(path)

    def test_a_form_of_another_site_or_session_changes_nothing(
        self, olga: Person, victor: Person, inbox: Inbox, db: Database
    ):
        path = f"/console/events/{inbox.dead[0]}/replay"
        token = olga.form_token()
        for given, headers in (
            ("", {}),
            ("guess", {}),
            (victor.form_token(), {}),
            (token, {"Origin": "https://evil.example"}),
            (token, {"Origin": "null"}),
            (token, {"Sec-Fetch-Site": "cross-site"}),
        ):
            answer = olga.client.post(path, data={"form_token": given}, headers=headers)
            assert answer.status_code == 403
        assert olga.client.post(path, json={"form_token": token}).status_code == 415
        assert state_of(db, inbox.dead[0]) == "failed"

    def test_a_viewer_of_one_workspace_sees_no_other(self, acme: Person, inbox: Inbox):
        assert str(inbox.done) in listed(acme.see("events"))
        for path in ("events", "events?workspace=bolt", f"events?id={inbox.dead[2]}", "lanes", "lanes?workspace=bolt",
                     "dead", "events?field=importId&value=dead-bolt", "events?state=failed"):  # fmt: skip
            page = acme.see(path)
            assert str(inbox.dead[2]) not in listed(page)
            assert "bolt" not in re.sub(r'value="[^"]*"', "", page), path
        for path in (f"events/{inbox.dead[2]}", "jobs", "audit"):
            assert "bolt" not in acme.see(path, 404)
        assert "Run in Prefect" not in acme.see(f"events/{inbox.done}")

    def test_a_link_shows_a_customer_its_workspace_until_its_time_is_over(self, gateway_url: str, inbox: Inbox):
        asked = {"workspaceId": "acme", "seconds": 60}
        for key, status in ((OPERATOR_KEY, 200), (OPEN_KEY, 401), ("x", 401)):
            answer = httpx.post(f"{gateway_url}/console/links", json=asked, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == status
            if status == 200:
                link = answer.json()["url"]
        other = httpx.post(
            f"{gateway_url}/console/links",
            json={"workspaceId": "bolt"},
            headers={"Authorization": f"Bearer {ACME_KEY}"},
        )
        assert other.status_code == 403
        with person(gateway_url) as customer:
            path = link.partition("/console/")[2]
            assert customer.client.get(f"/console/{path}").status_code == 303
            assert str(inbox.done) in listed(customer.see("events"))
            customer.see(f"events/{inbox.dead[2]}", 404)
            token = customer.form_token()
            assert customer.post(f"events/{inbox.dead[0]}/replay", form_token=token).status_code == 403
        entry = console_keys().named("olga")
        over = tokens.signed("link", Grant("olga", "acme", int(time.time()) - 1, "m"), entry)
        for bad in (over, "x", path.partition("token=")[2][:-1]):
            assert httpx.get(f"{gateway_url}/console/embed?token={bad}").status_code == 404


class TestChanging:
    def test_dead_letters_are_replayed_once_confirmed_and_the_change_is_recorded(
        self, olga: Person, inbox: Inbox, db: Database
    ):
        asked = olga.fields("dead", "dead/confirm")
        assert asked["action"] == "replay"
        key = re.search(
            r'name="job" value="process-csv"><input type="hidden" name="key" value="(\w+)"', olga.see("dead")
        )
        confirm = f"dead/confirm?action=replay&job={JOB}&key={key[1]}"
        assert "Replay 3 dead letters?" in olga.see(confirm)
        fields = olga.fields(confirm, 'action="../dead"')
        done = olga.post("dead", **fields)
        assert done.status_code == 303
        assert "Replayed 3 dead letters of process-csv" in olga.see(done.headers["location"])
        assert {state_of(db, each) for each in inbox.dead} == {"queued"}
        assert state_of(db, inbox.evil) == "failed"
        again = olga.post("dead", **fields)
        assert again.status_code == 409
        page = olga.see("audit")
        for words in ("olga", "replay", JOB, "deliveries 3"):
            assert words in page
        assert scalar(db, "SELECT count(*) FROM groundwork.audit_entry") == 1

    def test_discarded_ones_are_dead_no_more_and_keep_their_error(self, olga: Person, inbox: Inbox, db: Database):
        key = re.search(
            r'name="job" value="keep-account"><input type="hidden" name="key" value="(\w+)"', olga.see("dead")
        )
        fields = olga.fields(f"dead/confirm?action=discard&job={KEEP}&key={key[1]}", 'action="../dead"')
        assert olga.post("dead", **fields).status_code == 303
        given_up = delivery_of(db, inbox.evil)
        assert given_up.state == "cancelled"
        assert given_up.last_error.startswith(f"Discarded by olga: ValueError: {EVIL}")
        assert KEEP not in olga.see("dead")

    def test_two_operators_who_replay_at_once_replay_once(self, gateway_url: str, inbox: Inbox, db: Database):
        answers: list[int] = []
        start = threading.Barrier(2)

        def replay() -> None:
            with person(gateway_url, OPERATOR_KEY) as operator:
                token = operator.form_token()
                start.wait(20)
                answers.append(operator.post(f"events/{inbox.dead[0]}/replay", form_token=token).status_code)

        threads = [threading.Thread(target=replay) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert sorted(answers) == [303, 409]
        assert state_of(db, inbox.dead[0]) == "queued"
        assert scalar(db, "SELECT count(*) FROM groundwork.audit_entry") == 1

    def test_lanes_and_jobs_are_paused_resumed_and_set(self, olga: Person, db: Database):
        token = olga.form_token()
        lane = {"form_token": token, "job": JOB, "workspace": "bolt"}
        assert olga.post("lanes/pause", **lane).status_code == 303
        assert olga.post("lanes/set", **lane, limit="7", weight="2.5").status_code == 303
        assert olga.post("lanes/pause", form_token=token, job=KEEP, back="jobs").headers["location"] == "../jobs"
        with db.transaction() as connection:
            [bolt] = [each for each in lanes(connection) if each.workspace_id == "bolt"]
        assert (bolt.paused, bolt.limit, bolt.weight) == (True, 7, 2.5)
        assert "paused" in olga.see("jobs")
        assert olga.post("lanes/resume", **lane).status_code == 303
        for bad in ({"limit": "0"}, {"limit": "1.5"}, {"weight": "nan"}, {"weight": "-1"}, {"limit": "9" * 40}, {}):
            assert olga.post("lanes/set", **lane, **bad).status_code == 400
        assert olga.post("lanes/pause", form_token=token, job="no-such").status_code == 400
        assert olga.post("lanes/drop", **lane).status_code == 400
        assert scalar(db, "SELECT array_agg(action ORDER BY id) FROM groundwork.audit_entry") == [
            "pause", "set", "pause", "resume",
        ]  # fmt: skip


def vars_of(event: object) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}
