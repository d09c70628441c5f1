"""HubSpot's CRM API as its documentation says it behaves, over a real socket, with faults on demand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

VERSION = "2026-03"
CONTACTS = f"/crm/objects/{VERSION}/contacts"

STANDARD = {
    "email": {"type": "string"},
    "firstname": {"type": "string"},
    "lastname": {"type": "string"},
    "phone": {"type": "string"},
    "hs_additional_emails": {"type": "enumeration", "modificationMetadata": {"readOnlyValue": True}},
}
CUSTOM = {
    "nurture_category": {
        "type": "enumeration",
        "options": [{"value": each} for each in ("landlord", "vendor", "buyer", "tenant", "investor", "applicant")],
    },
    "nurture_categorised_on": {"type": "date"},
    "nurture_intent_score": {"type": "number"},
    "nurture_intent_band": {"type": "string"},
    "nurture_sequence": {"type": "string"},
}


@dataclass
class Fault:
    """What happens to the next request of a path.

    Attributes:
        path: end of it.
        status: the answer; 0: the connection is reset.
        after: whether the request is carried out before.
        headers: of the answer.
        times: how often.
    """

    path: str
    status: int
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    times: int = 1


@dataclass
class Contact:
    id: str
    properties: dict[str, str]
    history: dict[str, list[dict[str, Any]]]
    secondary: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


class Refused(Exception):
    """A fault of one input, or of a whole request."""

    def __init__(self, status: int, category: str, message: str, context: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": "error", "category": category, "message": message, "context": context or {}}


class HubSpotServer:
    """One portal.

    Attributes:
        requests: method, path and body of each request that came, refused ones too.
        supports_traces: whether a batch with objectWriteTraceId is answered 207; else one bad input fails all.
        between: called after a read, as somebody in the portal who is quicker than a write.
    """

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.definitions: dict[str, dict[str, Any]] = {**STANDARD, **CUSTOM}
        self.tokens = {"pat-1"}
        self.refresh_tokens = {"refresh-1"}
        self.requests: list[tuple[str, str, Any]] = []
        self.faults: list[Fault] = []
        self.app_id = "77"
        self.supports_traces = True
        self.names_culprits = True
        self.associations: list[tuple[str, str]] = []
        self.between: Callable[[], None] | None = None
        self.token_seconds = 1800
        self.rotates = False
        self._next = 100
        self._lock = threading.RLock()

    def writes(self) -> list[tuple[str, Any]]:
        """The batches that were asked to be written."""
        return [(path, body) for _, path, body in self.requests if path.endswith(("/batch/update", "/batch/upsert"))]

    def add(self, *, secondary: tuple[str, ...] = (), at: str = "2020-01-01T00:00:00Z", **properties: str) -> str:
        """Put a contact into the portal, as a person of the agency does."""
        with self._lock:
            self._next += 1
            contact = Contact(str(self._next), {}, {}, list(secondary))
            self.contacts[contact.id] = contact
            self._set(contact, properties, at, "CRM_UI", "userId:1")
        return contact.id

    def edit(self, contact_id: str, at: str | None = None, **properties: str) -> None:
        """Change properties as a person of the agency does."""
        self._set(self.contacts[contact_id], properties, at or _now(), "CRM_UI", "userId:1")

    def merge(self, loser: str, winner: str) -> None:
        """Merge one contact into another: its id finds the other one from then on."""
        gone = self.contacts.pop(loser)
        self.contacts[winner].merged.append(loser)
        self.contacts[winner].secondary.append(gone.properties["email"])

    def _set(self, contact: Contact, properties: dict[str, str], at: str, source: str, source_id: str) -> None:
        for name, value in properties.items():
            if name == "email":
                value = value.lower()
            if value:
                contact.properties[name] = value
            else:
                contact.properties.pop(name, None)
            entry = {"value": value, "timestamp": at, "sourceType": source, "sourceId": source_id}
            contact.history.setdefault(name, []).insert(0, entry)

    # What the API does.

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        with self._lock:
            if (method, path) == ("GET", f"/crm/properties/{VERSION}/contacts"):
                return 200, {"results": [{"name": name, **each} for name, each in self.definitions.items()]}
            if (method, path) == ("POST", f"{CONTACTS}/batch/read"):
                answer = self._read(body)
                if self.between:
                    self.between()
                    self.between = None
                return answer
            if (method, path) == ("POST", f"{CONTACTS}/search"):
                return 200, self._search(body)
            if (method, path) == ("POST", f"{CONTACTS}/batch/update"):
                return self._batch(body, self._update)
            if (method, path) == ("POST", f"{CONTACTS}/batch/upsert"):
                return self._batch(body, self._upsert)
            if (method, path) == ("POST", f"/crm/associations/{VERSION}/contacts/companies/batch/associate/default"):
                pairs = [(each["from"]["id"], each["to"]["id"]) for each in body["inputs"]]
                self.associations += [each for each in pairs if each not in self.associations]
                return 200, {"status": "COMPLETE", "results": [], "numErrors": 0}
            return 404, {"status": "error", "message": f"no {method} {path}"}

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        with self._lock:
            if form.get("client_secret") != "client-secret" or form.get("refresh_token") not in self.refresh_tokens:
                return 400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
            token = f"access-{len(self.tokens)}"
            self.tokens = {token}
            refresh = form["refresh_token"]
            if self.rotates:
                self.refresh_tokens = {f"{refresh}+"}
                refresh = f"{refresh}+"
            return 200, {"access_token": token, "refresh_token": refresh, "expires_in": self.token_seconds}

    def _read(self, body: Any) -> tuple[int, Any]:
        if len(body["inputs"]) > (50 if body.get("propertiesWithHistory") else 100):
            raise Refused(400, "VALIDATION_ERROR", "too many inputs")
        found, missing = [], []
        for each in body["inputs"]:
            contact = self._by_email(each["id"]) if body.get("idProperty") == "email" else self._by_id(each["id"])
            if contact:
                found.append(self._shown(contact, body))
            else:
                missing.append(each["id"])
        answer: dict[str, Any] = {"status": "COMPLETE", "results": found}
        if missing:
            error = Refused(404, "OBJECT_NOT_FOUND", "Could not get some CONTACT objects", {"ids": missing})
            return 207, answer | {"numErrors": 1, "errors": [error.body]}
        return 200, answer

    def _search(self, body: Any) -> Any:
        if len(body["filterGroups"]) > 5:
            raise Refused(400, "VALIDATION_ERROR", "too many filterGroups")
        wanted = {each["filters"][0]["value"].lower() for each in body["filterGroups"]}
        hits = [
            each
            for each in self.contacts.values()
            if wanted & {str(each.properties.get("email", "")).lower(), *each.secondary}
        ]
        return {"total": len(hits), "results": [self._shown(each, {"properties": body["properties"]}) for each in hits]}

    def _batch(self, body: Any, write: Callable[[Any], tuple[Contact, bool]]) -> tuple[int, Any]:
        inputs = body["inputs"]
        if len(inputs) > 100:
            raise Refused(400, "VALIDATION_ERROR", "too many inputs")
        ids = [str(each["id"]).lower() for each in inputs]
        if len(set(ids)) < len(ids):
            raise Refused(409, "CONFLICT", "Duplicate IDs found in batch input")
        traced = self.supports_traces and all(each.get("objectWriteTraceId") for each in inputs)
        if not traced:
            for each in inputs:
                self._check(each)
        results, errors = [], []
        for each in inputs:
            try:
                self._check(each)
                contact, new = write(each)
                shown = self._shown(contact, {"properties": ["email"]}) | {"new": new}
                results.append(shown | ({"objectWriteTraceId": each["objectWriteTraceId"]} if traced else {}))
            except Refused as refused:
                if not traced:
                    raise
                refused.body["context"]["objectWriteTraceId"] = [each["objectWriteTraceId"]]
                if self.names_culprits or not errors:
                    errors.append(refused.body)
        answer = {"status": "COMPLETE", "results": results}
        return (207, answer | {"numErrors": len(errors), "errors": errors}) if errors else (200, answer)

    def _check(self, each: Any) -> None:
        wrong = []
        for name, value in each["properties"].items():
            definition = self.definitions.get(name)
            if definition is None:
                wrong.append({"isValid": False, "error": "PROPERTY_DOESNT_EXIST", "name": name})
            elif definition.get("modificationMetadata", {}).get("readOnlyValue"):
                wrong.append({"isValid": False, "error": "READ_ONLY_VALUE", "name": name})
            elif value and definition["type"] == "date" and int(value) % 86_400_000:
                wrong.append({"isValid": False, "error": "INVALID_DATE", "name": name})
            elif value and definition["type"] == "number" and not value.replace(".", "").isdecimal():
                wrong.append({"isValid": False, "error": "INVALID_NUMBER", "name": name})
            elif value and definition["type"] == "enumeration":
                if value not in [option["value"] for option in definition["options"]]:
                    wrong.append({"isValid": False, "error": "INVALID_OPTION", "name": name})
            elif name == "email" and value and "@" not in value:
                wrong.append({"isValid": False, "error": "INVALID_EMAIL", "name": name})
        if wrong:
            raise Refused(400, "VALIDATION_ERROR", f"Property values were not valid: {json.dumps(wrong)}")

    def _update(self, each: Any) -> tuple[Contact, bool]:
        contact = self._by_id(each["id"])
        if contact is None:
            raise Refused(404, "OBJECT_NOT_FOUND", "Object not found", {"ids": [each["id"]]})
        email = each["properties"].get("email", "").lower()
        if email and any(email in self._addresses(other) for other in self.contacts.values() if other is not contact):
            raise Refused(409, "CONFLICT", f"Contact already exists with email {email}")
        self._set(contact, each["properties"], _now(), "INTEGRATION", self.app_id)
        return contact, False

    def _upsert(self, each: Any) -> tuple[Contact, bool]:
        assert each["idProperty"] == "email"
        contact = self._by_email(each["id"])
        new = contact is None
        if contact is None:
            for other in self.contacts.values():
                if each["id"].lower() in other.secondary:
                    other.secondary.remove(each["id"].lower())  # the address is taken away from the other
            self._next += 1
            contact = self.contacts[str(self._next)] = Contact(str(self._next), {}, {})
        self._set(contact, each["properties"] | {"email": each["id"]}, _now(), "INTEGRATION", self.app_id)
        return contact, new

    def _by_email(self, email: str) -> Contact | None:
        return next((each for each in self.contacts.values() if each.properties.get("email") == email.lower()), None)

    def _by_id(self, contact_id: str) -> Contact | None:
        return self.contacts.get(contact_id) or next(
            (each for each in self.contacts.values() if contact_id in each.merged), None
        )

    def _addresses(self, contact: Contact) -> set[str]:
        return {contact.properties.get("email", ""), *contact.secondary}

    def _shown(self, contact: Contact, body: Any) -> dict[str, Any]:
        special = {
            "hs_additional_emails": ";".join(contact.secondary),
            "hs_merged_object_ids": ";".join(contact.merged),
        }
        values = contact.properties | {name: value for name, value in special.items() if value}
        shown: dict[str, Any] = {
            "id": contact.id,
            "archived": False,
            "properties": {name: _as_read(name, values.get(name)) for name in body.get("properties", ())},
        }
        if history := body.get("propertiesWithHistory"):
            shown["propertiesWithHistory"] = {name: contact.history.get(name, []) for name in history}
        return shown


def _as_read(name: str, value: str | None) -> str | None:
    if value and name == "nurture_categorised_on":
        return datetime.fromtimestamp(int(value) / 1000, UTC).date().isoformat()
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        portal = self.server.portal
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        is_token = self.path.startswith("/oauth/")
        body = {k: v[0] for k, v in parse_qs(raw.decode()).items()} if is_token else json.loads(raw or b"null")
        portal.requests.append((self.command, self.path, body))
        fault = next((each for each in portal.faults if self.path.endswith(each.path)), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                portal.faults.remove(fault)
            if fault.after:
                self._answer(body, is_token)
            if not fault.status:
                self.connection.close()
                self.close_connection = True
                return
            self._send(fault.status, fault.body, fault.headers)
            return
        status, answer = self._answer(body, is_token)
        self._send(status, answer)

    def _answer(self, body: Any, is_token: bool) -> tuple[int, Any]:
        portal = self.server.portal
        if is_token:
            return portal.token(body)
        if self.headers.get("authorization", "").removeprefix("Bearer ") not in portal.tokens:
            return 401, {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "expired or invalid"}
        try:
            return portal.answer(self.command, self.path, body)
        except Refused as refused:
            return refused.status, refused.body

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    portal: HubSpotServer
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away


@contextmanager
def hubspot() -> Iterator[tuple[HubSpotServer, str]]:
    """A portal, and the URL of its API."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.portal = HubSpotServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.portal, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
