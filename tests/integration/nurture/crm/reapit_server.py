"""Reapit Foundations as its documentation says it behaves, over a real socket, with faults on demand."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.nurture.crm.hubspot_server import Fault


class ReapitServer:
    """One customer.

    Attributes:
        requests: method and path of each request that came, refused ones too, with the moment.
        between: called after a contact was read, as somebody who is quicker than a write.
        keys: by id, what signs webhooks.
        most_at_once: requests that were open at one time.
    """

    def __init__(self) -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, float]] = []
        self.bodies: list[Any] = []
        self.faults: list[Fault] = []
        self.tokens = {"token-0"}
        self.customers = {"SBOX"}
        self.between: Callable[[], None] | None = None
        self.keys = {"key-1": Ed25519PrivateKey.generate()}
        self.most_at_once = 0
        self.open = 0
        self._next = 0
        self._lock = threading.RLock()

    def add(self, at: datetime | None = None, **fields: Any) -> str:
        """Put a contact there, as a person of the agency does."""
        with self._lock:
            self._next += 1
            contact_id = f"OXF{self._next:06}"
            moment = (at or datetime.now(UTC)).isoformat()
            self.contacts[contact_id] = {"id": contact_id, "created": moment, "metadata": {}}
            self._set(contact_id, fields, moment)
        return contact_id

    def edit(self, contact_id: str, at: datetime | None = None, **fields: Any) -> None:
        """Change a contact, as a person of the agency does."""
        self._set(contact_id, fields, (at or datetime.now(UTC)).isoformat())

    def signature(self, body: bytes, *, key_id: str = "key-1", timestamp: int | None = None) -> str:
        """The header of a webhook."""
        stamp = str(timestamp if timestamp is not None else int(time.time()))
        signed = self.keys[key_id].sign(stamp.encode() + body)
        return f"s:{key_id}:{stamp}:{base64.b64encode(signed).decode()}"

    def _set(self, contact_id: str, fields: dict[str, Any], moment: str) -> None:
        contact = self.contacts[contact_id]
        contact.update({name: value for name, value in fields.items() if value is not None})
        contact["modified"] = moment
        contact["_eTag"] = f'"{hash(json.dumps(contact, sort_keys=True)) & 0xFFFFFFFF:X}"'

    def answer(self, request: "_Handler", path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any, str]:
        with self._lock:
            method = request.command
            if (method, path) == ("POST", "/contacts"):
                missing = [name for name in ("officeIds", "negotiatorIds", "marketingConsent") if not body.get(name)]
                if missing or ("email" in body and "@" not in body["email"]):
                    field = missing[0] if missing else "email"
                    return 422, {"errors": [{"field": field, "message": "is not valid"}]}, ""
                contact_id = self.add(**body)
                return 201, None, f"https://platform.reapit.cloud/contacts/{contact_id}"
            if (method, path) == ("GET", "/contacts"):
                hits = [each for each in self.contacts.values() if str(each.get("email", "")).lower() in query["email"]]
                return 200, {"_embedded": hits, "pageNumber": 1, "totalCount": len(hits)}, ""
            contact = self.contacts.get(path.removeprefix("/contacts/"))
            if contact is None:
                return 404, {"description": "Resource not found"}, ""
            if method == "GET":
                shown = dict(contact)
                if self.between:
                    self.between()
                    self.between = None
                return 200, shown, ""
            if request.headers.get("if-match") != contact["_eTag"]:
                return 412, {"description": "Precondition failed"}, ""
            self._set(contact["id"], body, datetime.now(UTC).isoformat())
            return 204, None, ""


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def _handle(self) -> None:
        place = self.server.place
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urlsplit(self.path)
        place.requests.append((self.command, url.path, time.monotonic()))
        with place._lock:
            place.open += 1
            place.most_at_once = max(place.most_at_once, place.open)
        try:
            self._respond(url.path, parse_qs(url.query), raw)
        finally:
            with place._lock:
                place.open -= 1

    def _respond(self, path: str, query: dict[str, list[str]], raw: bytes) -> None:
        place = self.server.place
        wanted = f"{self.command} {path}"
        fault = next((each for each in place.faults if wanted.startswith(each.path)), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                place.faults.remove(fault)
            if fault.after:
                self._carried_out(path, query, raw)
            if not fault.status:
                self.connection.close()
                self.close_connection = True
                return
            self._send(fault.status, fault.body, fault.headers)
            return
        self._send(*self._carried_out(path, query, raw))

    def _carried_out(self, path: str, query: dict[str, list[str]], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        place = self.server.place
        if path.startswith("/webhooks/signing/"):
            key = place.keys.get(path.removeprefix("/webhooks/signing/"))
            if key is None:
                return 404, {}, {}
            public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
            return 200, {"kty": "OKP", "crv": "Ed25519", "x": public}, {}
        if path == "/token":
            expected = base64.b64encode(b"client-id:client-secret").decode()
            form = parse_qs(raw.decode())
            if self.headers.get("authorization") != f"Basic {expected}" or form["grant_type"] != ["client_credentials"]:
                return 401, {"error": "invalid_client"}, {}
            token = f"token-{len(place.tokens)}"
            place.tokens.add(token)
            return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}, {}
        if self.headers.get("authorization", "").removeprefix("Bearer ") not in place.tokens:
            return 401, {"message": "Unauthorized"}, {}
        if self.headers.get("reapit-customer") not in place.customers:
            return 403, {"message": "Forbidden"}, {}
        if self.headers.get("api-version") != "2020-01-31":
            return 400, {"description": "api-version is missing"}, {}
        body = json.loads(raw) if raw else None
        place.bodies.append(body)
        status, answer, location = place.answer(self, path, query, body)
        return status, answer, {"Location": location} if location else {}

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = json.dumps(answer).encode() if answer is not None else b""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    place: ReapitServer
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away


@contextmanager
def reapit() -> Iterator[tuple[ReapitServer, str]]:
    """A customer, and the URL of its platform."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.place = ReapitServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.place, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
