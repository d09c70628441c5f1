"""A chain of events is one trace, from the first event to the last step, with no word of anybody's data in it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from groundwork.blocks import tracing
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.process_cache import forget
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import delivery_of, register_job
from tests.integration.tracing.collector import Collector, attributes, collecting

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")

SECRET = "ada.lovelace@example.com"
_tries: list[str] = []


class TracedOrderPlaced(Event, name="traced/order.placed"):
    buyer: str


class TracedOrderPacked(Event, name="traced/order.packed"):
    buyer: str


@step(retries=1, first_delay=0.01)
def pack(buyer: str) -> str:
    _tries.append(buyer)
    if len(_tries) == 1:
        raise RuntimeError(f"no box for {buyer}")
    return "box"


@step
def announce(workspace_id: str, buyer: str) -> None:
    send(TracedOrderPacked(workspace_id=WorkspaceId(workspace_id), buyer=buyer))


@job(on=TracedOrderPlaced)
def pack_traced_order(event: TracedOrderPlaced) -> str:
    box = pack(event.buyer)
    announce(str(event.workspace_id), event.buyer)
    return box


@job(on=TracedOrderPacked)
def lose_order(event: TracedOrderPacked) -> None:
    raise NonRetriable(f"{event.buyer} has moved")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        forget()
        yield receiver
        if (provider := tracing._provider()) is not None:
            provider.shutdown()
        monkeypatch.undo()
        forget()


@pytest.fixture
def chain(db, collector: Collector) -> UUID:
    """An order that is packed at the second try; it sends an event, whose job fails. The id of the first event."""
    _tries.clear()
    register_job(db, "pack-traced-order", "traced/order.placed")
    register_job(db, "lose-order", "traced/order.packed")
    placed = send(TracedOrderPlaced(workspace_id=WorkspaceId("acme"), buyer=SECRET))
    for made in (pack_traced_order, lose_order):
        [admitted] = admit(capacity=1)
        made(delivery_id=admitted.id, return_state=True)
    provider = tracing._provider()
    assert provider is not None
    assert provider.force_flush()
    return placed


def test_a_chain_of_events_is_one_trace_whose_id_is_the_correlation_id(collector: Collector, chain: UUID):
    assert {each.trace_id for each in collector.spans} == {chain.bytes}
    assert sorted(each.name for each in collector.spans) == [
        "deliver lose-order", "deliver pack-traced-order", "run lose-order", "run pack-traced-order",
        "send traced/order.packed", "send traced/order.placed", "step announce", "step pack", "step pack",
    ]  # fmt: skip
    assert collector.services == {"groundwork"}


def test_each_span_is_below_what_brought_it_about(db, collector: Collector, chain: UUID):
    [placed], [packed] = collector.named("send traced/order.placed"), collector.named("send traced/order.packed")
    assert (placed.span_id, placed.parent_span_id) == (chain.bytes[8:], b"")
    assert packed.parent_span_id == placed.span_id
    for event, name in ((placed, "pack-traced-order"), (packed, "lose-order")):
        [delivery], [run] = collector.named(f"deliver {name}"), collector.named(f"run {name}")
        assert delivery.parent_span_id == event.span_id
        assert run.parent_span_id == delivery.span_id
    assert collector.named("deliver pack-traced-order")[0].span_id == delivery_of(db, chain).id.bytes[8:]
    [run] = collector.named("run pack-traced-order")
    steps = [*collector.named("step pack"), *collector.named("step announce")]
    assert {each.parent_span_id for each in steps} == {run.span_id}


def test_a_delivery_lasts_from_its_event_to_its_end(collector: Collector, chain: UUID):
    [delivery], [run] = collector.named("deliver pack-traced-order"), collector.named("run pack-traced-order")
    assert delivery.start_time_unix_nano == (chain.int >> 80) * 1_000_000
    assert delivery.start_time_unix_nano <= run.start_time_unix_nano
    assert run.end_time_unix_nano <= delivery.end_time_unix_nano


def test_what_failed_says_so_by_the_kind_of_its_error(collector: Collector, chain: UUID):
    failed = {each.name for each in collector.spans if each.status.code == each.status.STATUS_CODE_ERROR}
    assert failed == {"step pack", "run lose-order", "deliver lose-order"}
    [first, second] = sorted(collector.named("step pack"), key=lambda each: each.start_time_unix_nano)
    assert attributes(first)["error.type"] == "RuntimeError"
    assert "error.type" not in attributes(second)
    assert attributes(collector.named("run lose-order")[0])["error.type"] == "NonRetriable"


def test_spans_have_the_ids_that_logs_have_and_nobodys_data(collector: Collector, chain: UUID):
    [run] = collector.named("run pack-traced-order")
    told = attributes(run)
    assert (told["groundwork.workspace"], told["groundwork.job"], told["groundwork.attempt"]) == (
        "acme",
        "pack-traced-order",
        1,
    )
    assert told["groundwork.correlation_id"] == str(chain)
    assert SECRET not in str(collector.requests)


def test_a_sampler_keeps_a_chain_whole_or_not_at_all(db, collector: Collector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.0")
    forget()
    register_job(db, "pack-traced-order", "traced/order.placed")
    placed = send(TracedOrderPlaced(workspace_id=WorkspaceId("acme"), buyer=SECRET))
    [admitted] = admit(capacity=1)
    pack_traced_order(delivery_id=admitted.id)
    assert delivery_of(db, placed).state == "done"
    provider = tracing._provider()
    assert provider is not None
    provider.force_flush()
    assert collector.spans == []


def test_a_collector_that_is_away_holds_up_no_delivery(db, collector: Collector):
    collector.status = 503
    _tries[:] = [""]
    register_job(db, "pack-traced-order", "traced/order.placed")
    placed = send(TracedOrderPlaced(workspace_id=WorkspaceId("acme"), buyer=SECRET))
    [admitted] = admit(capacity=1)
    assert pack_traced_order(delivery_id=admitted.id) == "box"
    assert delivery_of(db, placed).state == "done"


def test_without_a_collector_nothing_of_it_is_imported(tmp_path: Path):
    program = (
        "import sys; from groundwork.blocks import tracing\n"
        "with tracing.traced_within('step', {}): pass\n"
        "assert not tracing.is_traced()\n"
        "assert not [each for each in sys.modules if each.startswith('opentelemetry')], sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], env={"PATH": "/usr/bin"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_process_that_ends_sends_what_it_has_recorded(collector: Collector):
    program = (
        "import uuid; from groundwork.blocks import tracing\n"
        "with tracing.traced('run job', {}, trace=uuid.UUID(int=7), parent=uuid.UUID(int=8)): pass"
    )
    environment = {"PATH": "/usr/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    [span] = collector.spans
    assert (span.trace_id, span.parent_span_id) == (UUID(int=7).bytes, UUID(int=8).bytes[8:])
