"""What a sender gets for bad requests: JSON that names the fault and the cure, and an inbox that is left as it was."""

import contextlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.integration.gateway.conftest import RESTRICTED_KEY
from tests.integration.gateway.events import encoded, event, stored_events

Send = Callable[..., httpx.Response]


def faults(response: httpx.Response, status: int) -> dict[str, dict[str, str]]:
    """Faults of a refusal by JSON pointer; the inbox must be empty."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert set(answer) == {"error", "details"}
    assert answer["error"]
    assert stored_events() == 0
    return {fault["pointer"]: fault for fault in answer["details"]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"name": "import/csv.confirmed", ', "line 1 column 33"),
        (b"", "EOF while parsing"),
        (b"\xff\xfe{}", "line 1 column 1"),
        (b'{"name": "\xff"}', "invalid unicode"),
        (b'{"name": "\\ud800"}', "hex escape"),
        (b'{"ts": NaN}', "line 1 column 8"),
        (b'{"ts": ' + b"9" * 5000 + b"}", "number out of range"),
        (b"[" * 100_000, "recursion limit"),
        (b'"import/csv.confirmed"', "array of events"),
        (b"null", "array of events"),
        (b'[{}, "x"]', "array of events"),
        (b"[]", "empty"),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", "1,001 events"),
    ],
)
def test_a_body_that_is_no_event_is_400(send: Send, content: bytes, told: str) -> None:
    response = send(content)
    faults(response, 400)
    assert told in response.json()["error"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
)
def test_a_body_of_another_type_is_415(send: Send, content_type: str) -> None:
    faults(send(encoded(event()), Content_Type=content_type), 415)


def test_a_compressed_body_is_415(send: Send) -> None:
    response = send(b"\x1f\x8b", Content_Encoding="gzip")
    faults(response, 415)
    assert "without compression" in response.json()["error"]


def test_a_body_of_5_mb_is_413(send: Send) -> None:
    response = send(encoded(event(id="x" * 5_000_000)))
    faults(response, 413)
    assert "4,194,304 bytes" in response.json()["error"]


def test_a_body_of_5_mb_that_does_not_announce_its_length_is_413(send: Send) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(80):
            yield b" " * 65_536

    faults(send(chunks()), 413)


def test_an_endless_body_is_cut_off(send: Send) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    with contextlib.suppress(httpx.TransportError):
        assert send(chunks()).status_code == 413
    assert sent < 64 * 1024 * 1024
    assert stored_events() == 0


@pytest.mark.parametrize(
    ("change", "pointer", "reason", "cure"),
    [
        ({"name": 5}, "/name", "valid string", "string"),
        ({"name": "import/csv.confirmd"}, "/name", "did you mean 'import/csv.confirmed'", "GET /catalogue"),
        ({"nmae": "x"}, "/nmae", "not permitted", "did you mean 'name'?"),
        ({"data": []}, "/data", "valid dictionary", "object"),
        ({"data": None}, "/data", "valid dictionary", "object"),
        ({"id": 7}, "/id", "valid string", "string"),
        ({"id": ""}, "/id", "at least 1 character", "minLength"),
        ({"id": "x" * 256}, "/id", "at most 255 characters", "maxLength"),
        ({"id": "two\nlines"}, "/id", "printable", "string"),
        ({"ts": "2026-01-01"}, "/ts", "valid integer", "integer"),
        ({"ts": 1795323344603.5}, "/ts", "valid integer", "integer"),
        ({"ts": True}, "/ts", "valid integer", "integer"),
        ({"ts": 1795323344}, "/ts", "greater than or equal", "minimum"),
        ({"ts": 10**30}, "/ts", "less than", "Maximum"),
    ],
)
def test_a_wrong_envelope_is_422_with_the_field(
    client: httpx.Client, change: dict[str, object], pointer: str, reason: str, cure: str
) -> None:
    fault = faults(client.post("/events", json=event() | change), 422)[pointer]
    assert reason in fault["reason"]
    assert cure in fault["cure"]


@pytest.mark.parametrize(
    ("change", "pointer", "reason", "cure"),
    [
        ({"importId": 7}, "/data/importId", "valid string", "string"),
        ({"importId": ""}, "/data/importId", "it is empty", "minLength"),
        ({"imprtId": "x"}, "/data/imprtId", "not permitted", "did you mean 'importId'?"),
        ({"import_id": "x"}, "/data/import_id", "not permitted", "did you mean 'importId'?"),
        ({"workspaceId": " acme"}, "/data/workspaceId", "' acme' is no WorkspaceId: a space is at its ends", "pattern"),
        ({"workspaceId": "a/b"}, "/data/workspaceId", "character 2 is '/'; an id has 1 to 128 letters", "pattern"),
        ({"workspaceId": "50%"}, "/data/workspaceId", "character 3 is '%'", "pattern"),
        ({"workspaceId": "a&b"}, "/data/workspaceId", "character 2 is '&'", "pattern"),
        ({"workspaceId": "<a>"}, "/data/workspaceId", "character 1 is '<'", "pattern"),
        ({"workspaceId": "acme\u200b"}, "/data/workspaceId", "U+200B, ZERO WIDTH SPACE", "pattern"),
        ({"workspaceId": "x" * 129}, "/data/workspaceId", "it has 129 characters", "maxLength"),
        ({"userId": "../../etc"}, "/data/userId", "character 3 is '/'", "pattern"),
        ({"importId": "a/b"}, "/data/importId", "character 2 is '/'", "pattern"),
        ({"userId": None}, "/data/userId", "valid string", "string"),
        ({"options": {"onConflict": "merge"}}, "/data/options/onConflict", "'update' or 'skip'", "enum"),
        ({"options": {"onConflct": "skip"}}, "/data/options/onConflct", "not permitted", "did you mean 'onConflict'?"),
        ({"a/b~c": 1}, "/data/a~1b~0c", "not permitted", "Leave it out"),
        ({"importId": "a\0b"}, "/data/importId", "NUL", "Remove"),
        ({"a\0b": 1}, "/data/a\0b", "NUL", "Rename"),
    ],
)
def test_wrong_data_is_422_with_the_field(
    client: httpx.Client, change: dict[str, object], pointer: str, reason: str, cure: str
) -> None:
    single = event()
    single["data"] |= change
    fault = faults(client.post("/events", json=single), 422)[pointer]
    assert reason in fault["reason"]
    assert cure in fault["cure"]


def test_a_missing_field_is_422_with_what_to_add(client: httpx.Client) -> None:
    found = faults(client.post("/events", json={"name": "import/csv.confirmed", "data": {"workspaceId": "acme"}}), 422)
    assert set(found) == {"/data/userId", "/data/importId"}
    assert found["/data/importId"]["cure"].startswith("Add it: {")


def test_a_number_beyond_a_double_is_422(send: Send) -> None:
    body = b'{"name": "import/csv.confirmed", "data": {"workspaceId": "acme", "n": [1e400]}}'
    assert "/data/n/0" in faults(send(body), 422)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b'{"__prefect_kind": "jinja"}', "/__prefect_kind"),
        (b'{"name": {"__prefect_kind": "jinja"}}', "/name/__prefect_kind"),
        (
            b'{"data": {"importId": {"__prefect_kind": "jinja", "template": "{{ x }}"}}}',
            "/data/importId/__prefect_kind",
        ),
        (b'[{"data": {"options": [[{"a": {"__prefect_kind": 1}}]]}}]', "/0/data/options/0/0/a/__prefect_kind"),
        (b'{"data": {"\\u005f_prefect_kind": "json"}}', "/data/__prefect_kind"),
    ],
)
def test_a_template_of_prefect_at_any_depth_is_422(send: Send, content: bytes, pointer: str) -> None:
    assert "reserved" in faults(send(content), 422)[pointer]["reason"]


def test_a_batch_with_one_bad_event_stores_nothing_and_names_the_event(client: httpx.Client) -> None:
    batch = [event(f"imp_{number}") for number in range(5)]
    batch[3]["data"]["importId"] = 3
    assert set(faults(client.post("/events", json=batch), 422)) == {"/3/data/importId"}


def test_the_answer_lists_at_most_a_hundred_faults(client: httpx.Client) -> None:
    response = client.post("/events", json=[{}] * 1000)
    assert len(response.json()["details"]) == 100
    assert "2000 faults" in response.json()["error"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "lead/intent.score"}, "/name"),
        ({"data": {"workspaceId": "globex", "userId": "u", "importId": "i"}}, "/data/workspaceId"),
    ],
)
def test_a_restricted_key_is_403_beyond_its_workspaces_and_events(
    client: httpx.Client, change: dict[str, object], pointer: str
) -> None:
    restricted = {"Authorization": f"Bearer {RESTRICTED_KEY}"}
    refused = client.post("/events", json=event() | change, headers=restricted)
    assert "not allowed for the" in faults(refused, 403)[pointer]["reason"]
    assert client.post("/events", json=event(), headers=restricted).status_code == 202


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic a2V5", "Bearer kéy", "key-of-the-application"])
def test_a_sender_without_a_known_key_is_401(send: Send, header: str) -> None:
    response = send(encoded(event()), Authorization=header.encode("latin-1"))
    faults(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("PUT", "/events", 405), ("DELETE", "/events", 405), ("POST", "/events/", 404)],
)
def test_errors_of_the_framework_are_json_too(client: httpx.Client, method: str, path: str, status: int) -> None:
    faults(client.request(method, path), status)
