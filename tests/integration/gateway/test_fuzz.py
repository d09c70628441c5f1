"""Requests that nobody thought of: made of the gateway's own OpenAPI document, right ones and wrong ones, over sockets.

``FUZZ_CASES=10000`` makes that many; without it there are a few hundred.
"""

import hashlib
import hmac
import json
import os
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from pydantic import SecretStr
from schemathesis import Case, GenerationMode

from groundwork.blocks.database import Database
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import OPEN_KEY, ingest_keys, serving
from tests.integration.gateway.test_hooks import CLERK, GITHUB, ISSUE, PLAIN, SETTINGS, STRIPE, paid

CASES = int(os.environ.get("FUZZ_CASES", "300"))
IN_PATH = "key-of_Inngest-clients"
SENDS = ("/events", "/e/{event_key}")
"""What takes events has a share of the cases as large as everything else together."""
PAGES = ("/unsubscribe/{token}",)
"""What people open answers in HTML, its refusals too."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def url(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    forget()
    keys = IngestKeys(entries=[*ingest_keys().entries, IngestKey(name="moving", key=SecretStr(IN_PATH), in_path=True)])
    with serving(create_app(keys)) as url:
        yield url
    monkeypatch.undo()
    forget()


def made(count: int, strategy: st.SearchStrategy[Any], test: Any) -> None:
    """Try a number of values."""
    tried = settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize="FUZZ_CASES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    tried(given(strategy)(test))()


def test_no_request_makes_the_gateway_fail(url: str):
    headers = {"Authorization": f"Bearer {OPEN_KEY}"}
    document = httpx.get(f"{url}/openapi.json", headers=headers).json()
    operations = [each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations()]
    others = [each for each in operations if each.path not in SENDS]
    found: Counter[tuple[str, int]] = Counter()
    faults: list[str] = []

    with requests.Session() as session:

        def call(case: Case) -> None:
            response = case.call(base_url=url, session=session, headers=headers, timeout=30)
            found[case.operation.label, response.status_code] += 1
            if response.status_code >= 500:
                faults.append(f"{response.status_code} {response.text[:300]}: {case.as_curl_command()[:2_000]}")
            elif response.status_code >= 400 and case.path not in PAGES:
                json.loads(response.text)

        for operation in operations:
            share = CASES // (2 * len(SENDS)) if operation.path in SENDS else CASES // (2 * len(others))
            ways: list[dict[str, Any]] = [{}]
            if operation.path == "/e/{event_key}":
                ways = [{}, {"path_parameters": {"event_key": IN_PATH}}]
            elif operation.path.startswith("/hooks/{source}"):
                ways = [{}, {"path_parameters": {"source": "plain", "beyond": "x"}}]
            for way in ways:
                for mode in GenerationMode:
                    count = max(share // (2 * len(ways)), 1)
                    with suppress(Unsatisfiable):  # nothing can be wrong with what has no parameters
                        made(count, operation.as_strategy(generation_mode=mode, **way), call)
    for (label, status), count in sorted(found.items()):
        print(f"{count:7,}  {status}  {label}")
    print(f"{found.total():7,}  requests")
    assert not faults, f"{len(faults)}, such as {faults[0]}"


def test_no_signed_webhook_makes_the_gateway_fail(url: str):
    """Providers sign what their customers write."""
    found: Counter[tuple[str, int]] = Counter()

    with httpx.Client(base_url=url, timeout=30) as client:

        def post(message: tuple[str, Any]) -> None:
            source, value = message
            body = json.dumps(value).encode()
            response = client.post(f"/hooks/{source}", content=body, headers=signed(source, body))
            found[source, response.status_code] += 1
            assert response.status_code < 500, (source, value, response.text)

        bodies = st.one_of(JSON, changed(paid()), changed(ISSUE), changed([{"id": "1", "cents": 5}]))
        made(CASES, st.tuples(st.sampled_from(["stripe", "github", "plain", "clerk"]), bodies), post)
    assert not [each for each in found if each[1] == 401]


def changed(message: Any) -> st.SearchStrategy[Any]:
    """A message with something else in a place of it."""

    def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        yield path
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, each in inner:
            yield from places(each, (*path, key))

    def put(path: tuple[Any, ...], new: Any, value: Any = message) -> Any:
        if not path:
            return new
        key, *rest = path
        copy = list(value) if isinstance(value, list) else dict(value)
        copy[key] = put(tuple(rest), new, value[key])
        return copy

    return st.builds(put, st.sampled_from(list(places(message))), JSON)


def signed(source: str, body: bytes) -> dict[str, str]:
    stamp = int(time.time())
    match source:
        case "stripe":
            signature = hmac.digest(STRIPE.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
            return {"Stripe-Signature": f"t={stamp},v1={signature}"}
        case "github":
            signature = hmac.digest(GITHUB.encode(), body, hashlib.sha256).hex()
            return {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "issues", "X-GitHub-Delivery": "d"}
        case "plain":
            return {"X-Signature": hmac.digest(PLAIN.encode(), body, hashlib.sha256).hex()}
    digest = hmac.digest(b64decode(CLERK.removeprefix("whsec_")), f"m.{stamp}.".encode() + body, hashlib.sha256)
    return {"svix-id": "m", "svix-timestamp": str(stamp), "svix-signature": "v1," + b64encode(digest).decode()}
