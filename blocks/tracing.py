"""Traces by OpenTelemetry: event → delivery → run → step, one trace per correlation id, in whatever processes.

Off unless the environment says where traces go (``OTEL_EXPORTER_OTLP_ENDPOINT`` and the like, OpenTelemetry's own), and
the extra ``groundwork[otel]`` is installed. Nothing of a trace is stored or handed on: the trace's id is the chain's
correlation id, and the spans of an event and of a delivery are numbered by theirs, so that every process knows them.
"""

import atexit
import importlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from uuid import UUID

from groundwork.blocks.process_cache import process_cache

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
"""How long the end of a run waits for a collector that does not answer. Its spans are lost then."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_SPAN_BITS = (1 << 64) - 1

Attributes = Mapping[str, str | int]


def is_traced() -> bool:
    """Whether this process makes spans."""
    return _provider() is not None


def record_span(
    name: str,
    attributes: Attributes,
    *,
    trace: UUID,
    number: UUID,
    parent: UUID | None,
    began_ns: int,
    failed: bool = False,
) -> None:
    """Record something that has ended, whose span is numbered by an id.

    Args:
        trace: correlation id.
        number: id of an event or a delivery.
        parent: likewise; None for the first span of a trace.
        began_ns: nanoseconds since 1970.
    """
    if (provider := _provider()) is None:
        return
    from opentelemetry.sdk.trace import Span

    with _numbered.next(trace, number):
        span = provider.get_tracer("groundwork").start_span(
            name, _within(trace, parent), start_time=began_ns, attributes=dict(attributes)
        )
    if isinstance(span, Span) and failed:
        _mark_failed(span, None)
    span.end()


@contextmanager
def traced(name: str, attributes: Attributes, *, trace: UUID, parent: UUID) -> Iterator[None]:
    """Record the block as a span below that of an event or a delivery. Spans that it makes are below it."""
    with _block(name, attributes, (trace, parent)):
        yield


@contextmanager
def traced_within(name: str, attributes: Attributes) -> Iterator[None]:
    """Record the block as a span below that in which it runs."""
    with _block(name, attributes, None):
        yield


def preload_tracing() -> None:
    """Import what makes spans, where they are made, so that no fork of this process has to."""
    if _is_wanted() and _is_installed():
        importlib.import_module(_EXPORTER)


def _flush(provider: "TracerProvider") -> None:
    """Send what has been recorded before the process ends."""
    # The exporter tries for longer than a run may be held up.
    sending = threading.Thread(target=provider.force_flush, name="traces", daemon=True)
    sending.start()
    sending.join(FLUSH_SECONDS)


@contextmanager
def _block(name: str, attributes: Attributes, below: tuple[UUID, UUID] | None) -> Iterator[None]:
    if (provider := _provider()) is None:
        yield
        return
    from opentelemetry.sdk.trace import Span

    tracer = provider.get_tracer("groundwork")
    context = _within(*below) if below else None
    with tracer.start_as_current_span(
        name, context, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            if isinstance(span, Span):
                _mark_failed(span, error)
            raise


def _mark_failed(span: Any, error: Exception | None) -> None:
    """The kind of error alone: its text may have people's data."""
    from opentelemetry.trace import StatusCode

    span.set_status(StatusCode.ERROR)
    if error is not None:
        span.set_attribute("error.type", type(error).__qualname__)


def _within(trace: UUID, parent: UUID | None) -> "Context":
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.sampling import Decision
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if parent is None:
        return Context()
    # Each process comes to the same verdict by the trace's id; OTEL_TRACES_SAMPLER says how many are kept.
    provider = _provider()
    assert provider is not None
    kept = provider.sampler.should_sample(None, trace.int, "").decision is Decision.RECORD_AND_SAMPLE
    flags = TraceFlags(TraceFlags.SAMPLED if kept else TraceFlags.DEFAULT)
    place = SpanContext(trace.int, parent.int & _SPAN_BITS, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(place), Context())


class _Numbered(threading.local):
    """The ids that the next span of this thread gets, instead of random ones."""

    trace: int | None = None
    span: int | None = None

    @contextmanager
    def next(self, trace: UUID, number: UUID) -> Iterator[None]:
        self.trace, self.span = trace.int, number.int & _SPAN_BITS
        try:
            yield
        finally:
            self.trace = self.span = None


_numbered = _Numbered()


_making = threading.Lock()


def _provider() -> "TracerProvider | None":
    """What makes spans in this process; a fork of it has one of its own, since no thread outlives a fork."""
    # The cache alone would let two threads make one each.
    with _making:
        return _provider_of(os.getpid())


def _is_wanted() -> bool:
    given = any(os.environ.get(each) for each in _ENDPOINTS)
    return given and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.sdk.trace") is not None and find_spec(_EXPORTER) is not None
    except ModuleNotFoundError:
        return False


@process_cache
def _provider_of(_process: int) -> "TracerProvider | None":
    if not _is_wanted():
        return None
    if not _is_installed():
        logger.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, and no trace is sent: pip install 'groundwork[otel]'")
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _numbered.trace or super().generate_trace_id()

        def generate_span_id(self) -> int:
            return _numbered.span or super().generate_span_id()

    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {SERVICE_NAME: "groundwork"})
    provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    atexit.register(_flush, provider)
    return provider
