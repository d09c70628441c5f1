"""Forms as events: a field named name, id, ts or v is the event's own, every other one is of its data."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from groundwork.deployments.gateway.refusal import Refusal

MOST_FIELDS = 1_000
"""Fields of one form."""
_OWN = ("name", "id", "ts", "v")


def is_form(content_type: str) -> bool:
    """Whether a body is a form, and which of the two kinds does not matter."""
    return _media_type(content_type) in ("application/x-www-form-urlencoded", "multipart/form-data")


def read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """The event that a form is. A field that is given several times is a list of texts, else a text.

    Raises:
        Refusal: 400.
    """
    fields = _multipart(content_type, body) if _media_type(content_type).startswith("multipart/") else _encoded(body)
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    event: dict[str, Any] = {"data": {}}
    for name, texts in values.items():
        if name in _OWN and len(texts) > 1:
            raise Refusal(400, f"The form has the field {name} {len(texts)} times; an event has one.")
        (event if name in _OWN else event["data"])[name] = texts[0] if len(texts) == 1 else texts
    if "ts" in event:
        try:
            event["ts"] = int(event["ts"])
        except ValueError:
            raise Refusal(400, "The form's field ts is no whole number of milliseconds.") from None
    return event


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _encoded(body: bytes) -> list[tuple[str, str]]:
    if not body:
        raise Refusal(400, "The body is no form: it is empty.")
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Refusal(400, f"The body is no form: {error}.") from None


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    if body.count(b"\r\n--") > MOST_FIELDS:  # before each part but the first, and at the end
        raise Refusal(400, f"The form has more than {MOST_FIELDS:,} fields.")
    header = content_type.encode("latin-1", "replace").replace(b"\r", b"").replace(b"\n", b"")
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + header + b"\r\n\r\n" + body)
    if not form.is_multipart() or form.defects:
        raise Refusal(400, "The body is no form: its parts do not fit the boundary of its Content-Type.")
    fields = []
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str) or part.get_filename() is not None or part.is_multipart():
            raise Refusal(
                400, "A part of the form is no text field. Put files into the blob store, and send their key."
            )
        payload = part.get_payload(decode=True)
        try:
            fields.append((name, payload.decode() if isinstance(payload, bytes) else ""))
        except UnicodeDecodeError:
            raise Refusal(400, "A field of the form is no UTF-8.") from None
    return fields
