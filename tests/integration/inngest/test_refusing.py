"""``POST /e/{event_key}``: what is refused. Every answer has the form without which some clients lose events."""

import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.deployments.gateway import connection, inngest, writer
from tests.integration.gateway.events import someone_waits_for_a_lock
from tests.integration.inngest.conftest import ACME_KEY, BEARER_KEY, GLOBEX_KEY, KEY, SIGNED_KEY
from tests.integration.inngest.wire import accepted, kept, refused, stored, user_created

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def nothing_is_stored(client: httpx.Client) -> Iterator[None]:
    yield
    assert stored() == kept() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "must contain an event object"),
        (b"null", "must contain an event object"),
        (b"42", "must contain an event object"),
        (b'"app/user.created"', "must contain an event object"),
        (b"\xff\xfe", "must contain an event object"),
        (b"[1]", "must contain an event object"),
        (b"[[]]", "must contain an event object"),
        (b"[null]", "must contain an event object"),
        (b'{"name": ', "not JSON"),
        (b'{"name": "a"} {"name": "b"}', "not JSON"),
        (b'[{"name": "app/user.created"}', "not JSON"),
        (b'{"name": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "event name is empty"),
        (b'{"name": ""}', "event name is empty"),
        (b'{"name": null}', "event name is empty"),
        (b'{"name": 5}', "/name"),
        (b'{"name": ["a"]}', "/name"),
        (b'{"name": "inngest/function.failed"}', "reserved"),
        (b'{"name": "INNGEST/x"}', "reserved"),
        (b'{"name": "a\\nb"}', "do not print"),
        (json.dumps({"name": "x" * 256}).encode(), "256 characters"),
        (b'{"name": "app/user.creatd", "data": {}}', "did you mean 'app/user.created'"),
        (b'{"name": "ORDER_PLACD", "data": {}}', "did you mean 'ORDER_PLACED'"),
        (b'{"name": "app/user.created", "data": []}', "/data"),
        (b'{"name": "app/user.created", "data": "x"}', "/data"),
        (b'{"name": "app/user.created", "user": []}', "/user"),
        (b'{"name": "app/user.created", "id": 7}', "/id"),
        (b'{"name": "app/user.created", "v": 7}', "/v"),
        (b'{"name": "app/user.created", "ts": "2026"}', "/ts"),
        (b'{"name": "app/user.created", "ts": 1795323344603.5}', "/ts"),
        (b'{"name": "app/user.created", "ts": true}', "/ts"),
        (b'{"name": "app/user.created", "ts": 1}', "timestamp is before Jan 1, 1980"),
        (b'{"name": "app/user.created", "ts": -5}', "timestamp is before Jan 1, 1980"),
        (b'{"name": "app/user.created", "ts": 4102444800000}', "timestamp is after Jan 1, 2100"),
        (json.dumps(user_created(id="x" * 256)).encode(), "at most 255"),
        (json.dumps(user_created(id="two\nlines")).encode(), "all of which print"),
        (json.dumps(user_created(email=5)).encode(), "/data/email"),  # type: ignore[arg-type]
        (json.dumps(user_created(email="a\0b")).encode(), "NUL"),
        (b'{"name": "app/user.created", "data": {"workspaceId": "acme", "emial": "x"}}', "did you mean 'email'?"),
        (b'{"name": "app/user.created", "data": {"__prefect_kind": "jinja"}}', "reserved"),
    ],
)
def test_a_bad_event_is_400_with_the_reason(client: httpx.Client, body: bytes, told: str) -> None:
    assert told in refused(client.post(f"/e/{KEY}", content=body), 400)


def test_one_bad_event_of_a_batch_has_all_of_it_refused(client: httpx.Client) -> None:
    error = refused(client.post(f"/e/{KEY}", json=[user_created(), {"name": "no/such.event"}, user_created()]), 400)
    assert error.startswith("Nothing was accepted: /1/name: unknown event 'no/such.event'")


def test_an_answer_names_the_first_faults_and_counts_the_others(client: httpx.Client) -> None:
    error = refused(client.post(f"/e/{KEY}", json=[{"name": "no/such.event"}] * 1_000), 400)
    assert error.endswith("and 997 more faults.")
    assert len(error) <= 1_001


def test_more_than_five_thousand_events_are_400(client: httpx.Client) -> None:
    error = refused(client.post(f"/e/{KEY}", json=[{"name": "a"}] * 5_001), 400)
    assert error == "Cannot have more than 5000 events in a batch."


@pytest.mark.parametrize("batch", [False, True])
def test_an_event_of_more_than_3_mib_is_400(client: httpx.Client, batch: bool) -> None:
    event = user_created(email="é" * (3 * MIB // 2))
    body = json.dumps([event] if batch else event, ensure_ascii=False).encode()
    assert "Event is over the max size: Max 3145728 bytes / Size " in refused(
        client.post(f"/e/{KEY}", content=body), 400
    )


def test_a_body_of_more_than_the_limit_is_413(client: httpx.Client) -> None:
    assert "4,194,304 bytes" in refused(client.post(f"/e/{KEY}", content=b"[" + b" " * 5 * MIB + b"]"), 413)


def test_a_compressed_body_is_415(client: httpx.Client) -> None:
    refused(client.post(f"/e/{KEY}", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), 415)


@pytest.mark.parametrize(
    "key",
    [
        "unknown",
        KEY + "x",
        KEY[:-1],
        KEY.lower(),
        SIGNED_KEY,
        "development",
        "NO_EVENT_KEY_SET",
        "%00",
        "%ff",
        "%F0%9F",
    ],
)
def test_a_key_that_is_none_is_401(client: httpx.Client, key: str) -> None:
    error = refused(client.post(f"/e/{key}", json=user_created()), 401)
    assert key not in error


def test_a_key_of_paths_is_good_for_nothing_else(client: httpx.Client) -> None:
    bearer = {"Authorization": f"Bearer {KEY}"}
    assert client.post("/events", json=user_created(), headers=bearer).status_code == 401
    assert client.get("/catalogue", headers=bearer).status_code == 401
    assert client.get("/metrics", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/e/{KEY}", 405),
        ("PUT", f"/e/{KEY}", 405),
        ("OPTIONS", f"/e/{KEY}", 405),
        ("POST", f"/e/{KEY}/", 404),
        ("POST", f"/e/{KEY}/more", 404),
        ("POST", f"/gw/e/{KEY}", 404),
        ("POST", f"//e/{KEY}", 404),
        ("POST", f"/E/{KEY}", 404),
        ("POST", "/e/", 404),
        ("POST", "/e", 404),
    ],
)
def test_another_path_or_method_is_refused_in_the_same_form_and_never_led_elsewhere(
    client: httpx.Client, gateway_url: str, method: str, path: str, status: int
) -> None:
    error = refused(client.request(method, gateway_url + path, json=user_created()), status)
    assert KEY not in error


def test_another_workspaces_events_are_403_before_anything_is_stored(client: httpx.Client) -> None:
    batch = [user_created(), user_created(workspace="globex")]
    error = refused(client.post(f"/e/{ACME_KEY}", json=batch), 403)
    assert "/1/data/workspaceId: the key is not allowed for the workspace 'globex'" in error


def test_events_that_the_key_may_not_send_are_403_by_alias_as_well(client: httpx.Client) -> None:
    for name in ("shop/order.placed", "ORDER_PLACED", "no/such.event"):
        event = {"name": name, "data": {"workspaceId": "acme", "orderId": "1"}}
        refused(client.post(f"/e/{ACME_KEY}", json=event), 403)


def test_a_key_of_one_workspace_takes_no_other(client: httpx.Client) -> None:
    assert "another workspace" in refused(client.post(f"/e/{GLOBEX_KEY}", json=user_created()), 400)


def test_a_page_in_a_browser_cannot_use_a_key_that_anybody_knows(client: httpx.Client) -> None:
    # Such a key is no key of this gateway, see test_processes.py for one that has it.
    refused(client.post("/e/development", json=user_created(), headers={"Origin": "http://localhost:3000"}), 401)


@pytest.fixture
def locked(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The inbox takes nothing, until the test ends."""
    monkeypatch.setattr(inngest, "ANSWER_SECONDS", 0.2)
    with database().engine.connect() as held:
        held.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        yield
        held.rollback()
    monkeypatch.undo()
    accepted(client.post(f"/e/{KEY}", json=user_created("behind@example.com")))  # what was given up is written now
    with database().transaction() as cleared:
        cleared.execute(text("TRUNCATE groundwork.event CASCADE"))


def test_a_database_that_does_not_confirm_is_503(client: httpx.Client, locked: None) -> None:
    response = client.post(f"/e/{KEY}", json=user_created())
    assert "same request again" in refused(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def test_more_than_may_wait_is_503_since_clients_try_again_after_that_only(
    client: httpx.Client, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WAITING_REQUESTS", 1)
    first = threading.Thread(target=client.post, args=(f"/e/{KEY}",), kwargs={"json": user_created()})
    first.start()
    while not someone_waits_for_a_lock():
        assert first.is_alive()
    refused(client.post(f"/e/{KEY}", json=user_created()), 503)
    assert "Too many requests" in refused(client.post(f"/e/{KEY}", json=user_created()), 503)
    first.join()


def test_a_fault_of_the_gateway_is_500_in_the_same_form(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("the inside of the gateway")

    monkeypatch.setattr(writer, "accept", broken)
    error = refused(client.post(f"/e/{KEY}", json=user_created()), 500)
    assert "inside" not in error
    assert KEY not in caplog.text
    assert "POST /e/… failed with LookupError" in caplog.text


def _by_hand(url: str, data: bytes, *, end: bool = False) -> httpx.Response | None:
    """The answer to bytes that are no whole request; None where the gateway closes without one."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as line:
        line.sendall(data)
        if end:
            line.shutdown(socket.SHUT_WR)
        found = b""
        while part := line.recv(65_536):
            found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return httpx.Response(int(head.split()[1]), content=body) if found else None


HEAD = f"POST /e/{KEY} HTTP/1.1\r\nHost: gateway\r\n".encode()


def test_a_slow_body_is_408(gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)
    answer = _by_hand(gateway_url, HEAD + b"Content-Length: 1000\r\n\r\n[{")
    assert answer
    assert "too slowly" in refused(answer, 408)


def test_slow_headers_are_408(gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    answer = _by_hand(gateway_url, HEAD)
    assert answer
    refused(answer, 408)


def test_a_truncated_body_stores_nothing(gateway_url: str, client: httpx.Client) -> None:
    body = json.dumps([user_created(), user_created()]).encode()
    _by_hand(gateway_url, HEAD + f"Content-Length: {len(body) + 1}\r\n\r\n".encode() + body, end=True)
    _by_hand(gateway_url, HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body), end=True)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: x\r\n\r\n",
        b"X-Long: " + b"a" * 40_000 + b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_malformed_http_is_refused_in_the_same_form(gateway_url: str, head: bytes) -> None:
    answer = _by_hand(gateway_url, HEAD + head)
    assert answer
    assert KEY not in refused(answer, answer.status_code)


def test_a_key_without_signature_is_good_in_development_mode_only(client: httpx.Client) -> None:
    accepted(client.post(f"/e/{BEARER_KEY}", json=[]))
