"""Forms as events."""

import pytest

from groundwork.deployments.gateway.forms import MOST_FIELDS, is_form, read_form
from groundwork.deployments.gateway.refusal import Refusal

ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xyz"


def multipart(*parts: str) -> bytes:
    return ("".join(f"--xyz\r\n{part}\r\n" for part in parts) + "--xyz--\r\n").encode()


def field(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


def test_what_is_a_form() -> None:
    assert is_form(ENCODED + "; charset=utf-8")
    assert is_form("Multipart/Form-Data; boundary=x")
    assert not is_form("application/json")
    assert not is_form("")


def test_fields_are_the_events_data_but_for_its_own() -> None:
    body = b"name=app%2Fuser.created&id=u-1&ts=1795323344603&workspaceId=acme&email=ada%40example.com&tag=a&tag=b&no="
    assert read_form(ENCODED, body) == {
        "name": "app/user.created",
        "id": "u-1",
        "ts": 1795323344603,
        "data": {"workspaceId": "acme", "email": "ada@example.com", "tag": ["a", "b"], "no": ""},
    }


def test_a_form_in_parts_is_the_same() -> None:
    body = multipart(
        field("name", "app/user.created"), field("tag", "a"), field("tag", "b"), field("größe", "日\r\n本")
    )
    assert read_form(MULTIPART, body) == {
        "name": "app/user.created",
        "data": {"tag": ["a", "b"], "größe": "日\r\n本"},
    }


@pytest.mark.parametrize(
    ("content_type", "body", "told"),
    [
        (ENCODED, b"", "no form"),
        (ENCODED, b"name", "no form"),
        (ENCODED, b"name=%ff", "no form"),
        (ENCODED, b"\xff=1", "no form"),
        (ENCODED, b"name=a&name=b", "name 2 times"),
        (ENCODED, b"name=a&ts=soon", "ts is no whole number"),
        (ENCODED, b"name=a&ts=" + b"9" * 5000, "ts is no whole number"),
        (ENCODED, b"a=1&" * (MOST_FIELDS + 1) + b"a=1", "no form"),
        (MULTIPART, b"", "no form"),
        (MULTIPART, b"name=a", "no form"),
        (MULTIPART, multipart(field("name", "a"))[:-9], "no form"),
        ("multipart/form-data", multipart(field("name", "a")), "no form"),
        (MULTIPART, multipart(*[field("a", "1")] * (MOST_FIELDS + 1)), "1,000 fields"),
        (MULTIPART, multipart('Content-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n1'), "no text field"),
        (MULTIPART, multipart("Content-Type: text/plain\r\n\r\n1"), "no text field"),
        (
            MULTIPART,
            multipart("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--"),
            "no text field",
        ),
    ],
)
def test_what_is_no_form_is_400(content_type: str, body: bytes, told: str) -> None:
    with pytest.raises(Refusal, match=told) as refused:
        read_form(content_type, body)
    assert refused.value.status == 400
