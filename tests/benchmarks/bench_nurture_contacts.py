"""What 500 contacts that are categorised at once cost, and what an agent of another agency feels of it."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any, get_args

from groundwork.blocks.database import database
from groundwork.blocks.sql import statement
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.nurture.contacts import Category
from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.notifications.users import store_user
from groundwork.tasks.nurture.agency_record import set_agency
from groundwork.tasks.nurture.brand_voice import BrandVoice, set_brand_voice
from groundwork.tasks.nurture.contacts.categorise import categorise, categorise_many
from groundwork.tasks.nurture.contacts.contact import Contact
from groundwork.tasks.nurture.leads.engagement import record_engagement
from tests.benchmarks.running import running_stack
from tests.integration.nurture.model_server import ModelServer, serving
from tests.waiting import wait_until

DESCRIPTION = (
    "500 contacts of one agency are categorised, each in a transaction of its own (ms of the call, commit included), "
    "while all runs; contacts/s from the first call to stored, and to synced into the CRM; runs and model calls until "
    "then. Meanwhile a lead of another agency becomes hot every 5 s: seconds from its engagement to the settled alert, "
    "and from acceptance to the first step of the alert job, against the same on the same stack alone before."
)
_SQL = Path(__file__).with_suffix(".sql")
_CATEGORIES: tuple[Category, ...] = get_args(Category)
_ACME, _BOLT, _WARM_UP = WorkspaceId("acme"), WorkspaceId("bolt"), WorkspaceId("warm-up")
_PAUSE_SECONDS = 5.0
_PATIENCE = 900.0


def run(quick: bool) -> dict[str, Any]:
    """Measure 500 contacts, and 12 alerts alone and 12 meanwhile; 60 contacts and 3 alerts if quick."""
    number, alerts = (60, 3) if quick else (500, 12)
    with _model() as (model, variables), running_stack(variables):
        for workspace_id in (_ACME, _BOLT, _WARM_UP):
            _add_agency(workspace_id)
        _add_leads(_WARM_UP, 1)
        _add_leads(_BOLT, 2 * alerts)
        _warm_up(model)
        alone = _alerts(range(alerts))
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(_burst, number)
            noisy = _alerts(range(alerts, 2 * alerts))
            burst = coming.result()
        _no_failures()
        runs = burst.runs
    bulk = sum(runs.get(each, 0) for each in ("start-sequence", "generate-sequence", "push-to-crm"))
    return {
        "categorise_p50_ms": 1000 * statistics.median(burst.calls),
        "categorise_p99_ms": 1000 * _quantile(burst.calls, 99),
        "categorise_calls_per_second": number / burst.seconds_to["categorised"],
        "stored_per_second": number / burst.seconds_to["stored"],
        "synced_per_second": number / burst.seconds_to["synced"],
        "runs_until_synced": bulk,
        "send_sequence_runs_until_synced": runs.get("send-sequence", 0),
        "first_mails_until_synced": burst.mailed,
        "model_calls": model.calls,
        "hot_lead_ratio": statistics.median(noisy.told) / statistics.median(alone.told),
        "hot_lead_alone_p50_seconds": statistics.median(alone.told),
        "hot_lead_meanwhile_p50_seconds": statistics.median(noisy.told),
        "alert_start_ratio": statistics.median(noisy.started) / statistics.median(alone.started),
        "alert_start_alone_p50_seconds": statistics.median(alone.started),
        "alert_start_meanwhile_p50_seconds": statistics.median(noisy.started),
        "alerts_before_synced": sum(each < burst.synced_at for each in noisy.sent_at),
        "runs": runs,
        "samples": {"alone": alone.told, "meanwhile": noisy.told, "calls_ms": [1000 * each for each in burst.calls]},
    }


@dataclass
class _Alerts:
    """Seconds of each alert: from engagement to settled, and from acceptance to the first step."""

    told: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)


@dataclass
class _Burst:
    """What became of contacts of acme that were categorised one by one, until all of them were synced."""

    calls: list[float] = field(default_factory=list)
    seconds_to: dict[str, float] = field(default_factory=dict)
    synced_at: float = 0.0
    mailed: int = 0
    runs: dict[str, int] = field(default_factory=dict)


def _burst(number: int) -> _Burst:
    found, began = _Burst(), time.monotonic()
    for place in range(number):
        contact, category = _contact(_ACME, place), _CATEGORIES[place % len(_CATEGORIES)]
        called = time.perf_counter()
        with database().transaction() as connection:
            categorise(connection, contact, category, user_id=UserId("ada-of-acme"))
        found.calls.append(time.perf_counter() - called)
    found.seconds_to["categorised"] = time.monotonic() - began
    for part in ("stored", "synced"):
        wait_until(lambda part=part: _come(part) >= number, _PATIENCE, what=f"all are {part}")
        found.seconds_to[part] = time.monotonic() - began
    found.synced_at = time.time()
    found.runs = {each.job: each.runs for each in _rows("runs", _ACME)}
    found.mailed = _rows("standing", _ACME)[0].mailed
    return found


def _come(part: str) -> int:
    _no_failures()
    return int(getattr(_rows("standing", _ACME)[0], part))


@contextmanager
def _model() -> Iterator[tuple[ModelServer, dict[str, str]]]:
    """A model that answers over HTTP, and the environment of the workers that ask it."""
    with serving(ModelServer()) as model:
        yield (
            model,
            {
                "GROUNDWORK_WRITER_API_KEY": "sk-benchmark",
                "GROUNDWORK_WRITER_URL": model.url,
                "GROUNDWORK_WRITER_MODEL": "benchmark-model",
                "GROUNDWORK_WRITER_INPUT_PRICE": "1",
                "GROUNDWORK_WRITER_OUTPUT_PRICE": "10",
            },
        )


def _add_agency(workspace_id: WorkspaceId) -> None:
    said = {
        "name": "Acme Homes",
        "website": "https://www.acme-homes.example",
        "email": "hello@acme-homes.example",
        "postal_address": "1 High Street",
        "quiet_from": clock(0),
        "quiet_until": clock(0),
    }
    voice = BrandVoice(version=1, tone="warm", sign_off="Warm regards", signature="The Acme team")
    with database().transaction() as connection:
        address = f"ada@{workspace_id}.example"
        store_user(connection, f"ada-of-{workspace_id}", workspace_id, email=address, name="Ada")
        set_agency(connection, workspace_id, said)
        set_brand_voice(connection, workspace_id, voice)


def _add_leads(workspace_id: WorkspaceId, number: int) -> None:
    """Contacts with a sequence, as they are before they become hot; all of it has settled."""
    with database().transaction() as connection:
        contacts = [_contact(workspace_id, place) for place in range(number)]
        categorise_many(connection, contacts, "vendor", user_id=UserId(f"ada-of-{workspace_id}"))
    wait_until(lambda: _rows("standing", workspace_id)[0].mailed >= number, _PATIENCE, what="the leads' first mails")
    wait_until(lambda: _rows("standing", workspace_id)[0].synced >= number, _PATIENCE, what="the leads in the CRM")


def _contact(workspace_id: WorkspaceId, place: int) -> Contact:
    return Contact(
        workspace_id=workspace_id,
        id=f"c-{place}",
        email=f"c-{place}@{workspace_id}.example",
        first_name="Grace",
        agent_id=f"ada-of-{workspace_id}",
    )


def _warm_up(model: ModelServer) -> None:
    _heat(_WARM_UP, 0)
    wait_until(lambda: _rows("alerts", _WARM_UP), _PATIENCE, what="the first alert")
    model.requests.clear()


def _heat(workspace_id: WorkspaceId, place: int) -> float:
    """A contact asks for a valuation and visits the site; the moment."""
    now = datetime.now(UTC)
    with database().transaction() as connection:
        for number, kind in enumerate(("valuation-request", "site-visit", "site-visit")):
            record_engagement(
                connection,
                EngagementRecorded(
                    workspace_id=workspace_id,
                    engagement_id=f"c-{place}:{number}",
                    contact_id=f"c-{place}",
                    kind=kind,
                    channel="web",
                    occurred_at=now,
                ),
            )
    return time.time()


def _alerts(places: Sequence[int]) -> _Alerts:
    """Let leads of bolt become hot, one every few seconds, and wait until the agent is told of all of them."""
    found, before = _Alerts(), len(_rows("alerts", _BOLT))
    pause = threading.Event()
    for place in places:
        pause.wait(_PAUSE_SECONDS)
        found.sent_at.append(_heat(_BOLT, place))
    wait_until(lambda: len(_rows("alerts", _BOLT)) >= before + len(places), _PATIENCE, what="the alerts")
    rows = {each.contact_id: each for each in _rows("alerts", _BOLT)}
    for place, sent_at in zip(places, found.sent_at, strict=True):
        row = rows[f"c-{place}"]
        found.told.append(float(row.told_at) - sent_at)
        found.started.append(float(row.to_first_step))
    return found


def _no_failures() -> None:
    failed = _rows("failures", _ACME)
    assert not failed, f"{failed[0].job} failed: {failed[0].last_error}"


def _rows(name: str, workspace_id: WorkspaceId) -> Sequence[Any]:
    with database().transaction() as connection:
        values = {} if name == "failures" else {"workspace_id": str(workspace_id)}
        return connection.execute(statement(_SQL, name), values).all()


def _quantile(samples: Sequence[float], percent: int) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]
