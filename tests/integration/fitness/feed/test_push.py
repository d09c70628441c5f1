"""Scores and alerts reach the endpoint of the workspace: signed, in order, and no dead one for ever."""

import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from sqlalchemy import text

from groundwork.blocks.errors import RetryAfter
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.fitness.sync import ExternalPushWanted
from groundwork.events.inbox import send
from groundwork.tasks.fitness.pushes import post as posting
from groundwork.tasks.fitness.pushes.endpoint import (
    endpoint_of,
    note_failure,
    resume_endpoint,
    secret_of,
    set_endpoint,
    wants_pushes,
)
from groundwork.tasks.fitness.pushes.post import Message, PushFailed, post
from tests.factories import delivery_of, scalar
from tests.integration.fitness.feed.gym import ACME, add_gym
from tests.integration.fitness.feed.receiver import Dashboard, dashboard
from tests.integration.mailing import add_user, mails

MESSAGE = Message("msg-1", b'{"type":"fitness.score"}')


@pytest.fixture
def elsewhere(setting: Callable[..., None]) -> Iterator[Dashboard]:
    """A dashboard on this machine, which development may push to."""
    setting(push_private_addresses="true")
    with dashboard() as it:
        yield it


@pytest.fixture
def endpoint(db, elsewhere: Dashboard) -> Dashboard:
    """The dashboard as the endpoint of acme."""
    add_gym(db)
    add_user(db, "owner")
    with db.transaction() as connection:
        elsewhere.secret = set_endpoint(connection, ACME, elsewhere.url)
    return elsewhere


def push(member: str = "ada", kind: str = "score", **payload: Any) -> UUID:
    """Send a push; the event's id."""
    event = ExternalPushWanted(
        workspace_id=ACME, member_id=member, kind=kind, push_id=uuid7(), payload=payload or {"value": 7}
    )
    return send(event)


def of_acme(db):
    with db.transaction() as connection:
        return endpoint_of(connection, ACME)


class TestOneTry:
    def test_it_is_signed_and_its_id_is_that_of_the_message(self, elsewhere):
        elsewhere.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        assert post(elsewhere.url, elsewhere.secret, MESSAGE) == 200
        assert elsewhere.got == [("msg-1", {"type": "fitness.score"})]
        [(method, path, headers)] = elsewhere.requests
        assert (method, path) == ("POST", "/hooks?gym=acme")
        assert headers["host"] == elsewhere.url.split("/")[2]

    @pytest.mark.parametrize("status", [204, 299])
    def test_any_success_is_one(self, elsewhere, status):
        elsewhere.answers = [status]
        assert post(elsewhere.url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE) == status

    @pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 500])
    def test_anything_else_is_a_failure_and_no_redirect_is_followed(self, elsewhere, status):
        elsewhere.answers = [status]
        elsewhere.headers = {"location": f"{elsewhere.url}&moved=1"}
        with pytest.raises(PushFailed, match=f"^it answered {status}$"):
            post(elsewhere.url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)
        assert len(elsewhere.requests) == 1

    @pytest.mark.parametrize(("asked", "heeded"), [("120", 120.0), ("999999999", 3600.0)])
    def test_it_comes_again_when_the_endpoint_says_within_reason(self, elsewhere, asked, heeded):
        elsewhere.answers = [503]
        elsewhere.headers = {"retry-after": asked}
        with pytest.raises(RetryAfter) as caught:
            post(elsewhere.url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)
        assert caught.value.seconds == heeded

    def test_an_answer_without_end_is_not_read(self, elsewhere):
        elsewhere.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        elsewhere.floods = True
        assert post(elsewhere.url, elsewhere.secret, MESSAGE) == 200

    def test_an_answer_that_comes_a_byte_at_a_time_is_given_up(self, elsewhere, monkeypatch):
        monkeypatch.setattr(posting, "DEADLINE", 0.5)
        elsewhere.drips = 5
        with pytest.raises(PushFailed, match="has not answered"):
            post(elsewhere.url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)

    def test_nobody_there_is_a_failure(self, elsewhere):
        with pytest.raises(PushFailed, match="cannot be reached"):
            post("http://127.0.0.1:9/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)

    def test_a_proxy_of_the_environment_is_not_used(self, elsewhere, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        elsewhere.answers = [204]
        assert post(elsewhere.url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE) == 204

    def test_a_private_address_is_not_connected_to(self, db, elsewhere, setting):
        setting(push_private_addresses="false")
        with pytest.raises(PushFailed, match="not a public address"):
            post(elsewhere.url.replace("http:", "https:"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)
        assert elsewhere.requests == []


class TestTls:
    """The certificate has to be for the name, although the address is what is connected to."""

    @pytest.fixture
    def serve(self, tmp_path, setting, monkeypatch):
        setting(push_private_addresses="true")

        def certificate(name: str) -> ssl.SSLContext:
            write_certificate(tmp_path / "server.pem", name)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
            setting()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "server.pem")
            return context

        return certificate

    def test_one_for_the_name_is_good(self, serve):
        with dashboard(serve("localhost")) as it:
            it.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            assert post(it.url.replace("127.0.0.1", "localhost"), it.secret, MESSAGE) == 200

    def test_one_for_another_name_or_of_nobody_known_is_not(self, serve, monkeypatch, setting):
        with dashboard(serve("elsewhere.example")) as it:
            url = it.url.replace("127.0.0.1", "localhost")
            with pytest.raises(PushFailed, match="cannot be reached"):
                post(url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)
        with dashboard(serve("localhost")) as it:
            monkeypatch.delenv("SSL_CERT_FILE")
            setting()
            with pytest.raises(PushFailed, match="cannot be reached"):
                post(it.url.replace("127.0.0.1", "localhost"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", MESSAGE)
            assert it.requests == []


@pytest.mark.usefixtures("registered")
class TestJob:
    def test_scores_and_alerts_arrive_as_standard_webhooks(self, db, endpoint, go):
        event = push("ada", "score", figure="load", value=412.5)
        push("ben", "alert", words="slept little")
        go()
        assert delivery_of(db, event).result == {"status": 200, "paused": False, "owner_told": False}
        documents = {each["type"]: each for _, each in endpoint.got}
        assert documents["fitness.score"]["data"] == {
            "workspaceId": "acme", "memberId": "ada", "figure": "load", "value": 412.5
        }  # fmt: skip
        assert set(documents["fitness.alert"]) == {"type", "timestamp", "data"}

    def test_a_repeat_has_the_same_id_and_the_same_bytes(self, db, endpoint, go, pass_time):
        endpoint.answers = [500, 500]
        event = push()
        go()
        for _ in range(2):
            pass_time(3600)
            go()
        assert delivery_of(db, event).state == "done"
        assert len(endpoint.asked) == 3
        assert len(set(endpoint.asked)) == len(set(endpoint.bodies)) == 1
        assert len(endpoint.got) == 1
        assert of_acme(db).failures == 0

    def test_those_of_a_member_wait_for_the_first_and_others_pass(self, endpoint, go, pass_time):
        endpoint.answers = [503, 503]
        endpoint.headers = {"retry-after": "60"}
        push("ada", number=1)
        go()
        push("ada", number=2)
        endpoint.answers = []
        push("ben", number=3)
        go()
        assert [each["data"]["number"] for _, each in endpoint.got] == [3]
        pass_time(120)
        go()
        assert [each["data"]["number"] for _, each in endpoint.got] == [3, 1, 2]

    def test_a_dead_endpoint_is_paused_and_its_owner_told_once(self, db, endpoint, go, pass_time, outbox, setting):
        setting(push_private_addresses="true", push_pause_failures=3, push_pause_hours=5)
        endpoint.answers = [500] * 50
        events = [push(member) for member in ("ada", "ben", "cleo")]
        go()
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE fitness.push_endpoint SET failing_since = failing_since - interval '6 hours'")
            )
            assert wants_pushes(connection, ACME)
        pass_time(3600)
        go()
        assert [delivery_of(db, each).state for each in events] == ["done"] * 3
        assert all(delivery_of(db, each).result["paused"] for each in events)
        assert sorted(delivery_of(db, each).result["owner_told"] for each in events) == [False, False, True]
        [mail] = mails(outbox)
        assert mail["To"].addresses[0].addr_spec == "owner@example.com"
        assert "it answered 500" in mail.get_body(("plain",)).get_content()
        with db.transaction() as connection:
            assert not wants_pushes(connection, ACME)
        asked = len(endpoint.asked)
        push()
        go()
        assert (len(endpoint.asked), len(mails(outbox))) == (asked, 1)
        with db.transaction() as connection:
            resume_endpoint(connection, ACME)
            assert wants_pushes(connection, ACME)
        endpoint.answers = []
        push("dora")
        go()
        assert endpoint.members() == ["dora"]

    def test_one_that_is_gone_for_good_is_paused_at_once(self, db, endpoint, go, outbox):
        endpoint.answers = [410]
        push()
        go()
        assert of_acme(db).paused_at is not None
        assert len(mails(outbox)) == 1

    def test_a_workspace_without_an_endpoint_pushes_nothing(self, db, elsewhere, go):
        event = push()
        go()
        assert delivery_of(db, event).result == {"status": None, "paused": False, "owner_told": False}
        assert elsewhere.requests == []

    def test_the_secret_is_nowhere_but_in_its_seal(self, db, endpoint, go, caplog):
        push()
        go()
        secret = endpoint.secret.removeprefix("whsec_")
        tables = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        with db.transaction() as connection:
            names = connection.execute(text(f"{tables} WHERE table_schema IN ('groundwork', 'fitness')")).scalars()
            for name in list(names):
                found = connection.execute(text(f"SELECT string_agg(it::text, '') FROM {name} AS it")).scalar()
                assert secret not in (found or "")
        assert secret not in caplog.text


class TestEndpoint:
    def test_each_has_a_secret_of_its_own_that_no_other_workspaces_row_opens(self, db, elsewhere):
        with db.transaction() as connection:
            first = set_endpoint(connection, ACME, elsewhere.url)
            again = set_endpoint(connection, ACME, elsewhere.url)
        assert first != again
        assert secret_of(of_acme(db)) == again
        assert again not in scalar(db, "SELECT sealed_secret::text FROM fitness.push_endpoint")

    def test_a_short_outage_with_many_pushes_pauses_nothing(self, db, elsewhere):
        with db.transaction() as connection:
            set_endpoint(connection, ACME, elsewhere.url)
        found = of_acme(db)
        with db.transaction() as connection:
            assert not any(note_failure(connection, found, "it answered 500", gone=False) for _ in range(100))

    def test_a_failure_of_the_former_endpoint_is_not_the_new_ones(self, db, elsewhere):
        with db.transaction() as connection:
            set_endpoint(connection, ACME, elsewhere.url)
        former = of_acme(db)
        with db.transaction() as connection:
            set_endpoint(connection, ACME, elsewhere.url)
            note_failure(connection, former, "gone", gone=True)
        assert of_acme(db).failures == 0

    def test_a_push_that_is_too_large_is_refused_where_it_is_made(self):
        with pytest.raises(ValidationError, match="65536 at most"):
            push(words="x" * 65536)


def write_certificate(path: Path, name: str) -> None:
    """One that vouches for itself, with its key."""
    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "127.0.0.1":
        names = [x509.IPAddress(IPv4Address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    key = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key)


def test_the_command_line_sets_shows_and_resumes(db, elsewhere, home):
    from typer.testing import CliRunner

    from groundwork.deployments.cli import program

    def run(*arguments: str) -> Any:
        where = ["--workspace", "acme", "--home", str(home)]
        return CliRunner().invoke(program(), ["fitness", "endpoint", *arguments, *where])

    assert run("show").exit_code == 1
    made = json.loads(run("set", elsewhere.url, "--json").output)
    shown = run("show", "--json").output
    assert json.loads(shown)["url"] == elsewhere.url
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in shown
    with db.transaction() as connection:
        note_failure(connection, endpoint_of(connection, ACME), "it answered 410", gone=True)
    assert "paused" in run("show").output
    assert run("resume").exit_code == 0
    assert "pushes are sent" in run("show").output
    assert run("remove").exit_code == 0
    assert of_acme(db) is None
