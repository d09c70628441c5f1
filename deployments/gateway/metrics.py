"""``GET /metrics``: figures of each job for Prometheus, in its text format 0.0.4.

Labels are jobs and states only; workspaces, of which there is no end, are not among them. The figures are of the whole
inbox, whichever gateway is asked, so scrape one of them; ``groundwork_webhooks_total`` alone is of the process.
"""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.hook_counts import HookCounts
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.inbox.figures import job_figures

router = APIRouter()

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Family = tuple[str, str, str, Mapping[str, str]]
_FAMILIES: tuple[_Family, ...] = (
    ("groundwork_deliveries_accepted_total", "counter", "Deliveries accepted.", {"accepted": ""}),
    ("groundwork_attempts_total", "counter", "Runs that claimed a delivery.", {"attempts": ""}),
    (
        "groundwork_deliveries_settled_total",
        "counter",
        "Deliveries ended; one that was replayed ends again.",
        {"done": "done", "failed": "failed", "cancelled": "cancelled"},
    ),
    (
        "groundwork_deliveries",
        "gauge",
        "Deliveries that have not ended.",
        {"scheduled": "scheduled", "queued": "queued", "admitted_now": "admitted", "running_now": "running"},
    ),
    ("groundwork_dead_letters", "gauge", "Deliveries that failed for good and were not replayed.", {"dead": ""}),
    (
        "groundwork_oldest_queued_seconds",
        "gauge",
        "Age of the oldest delivery that could start and has not; 0 where there is none.",
        {"oldest_queued": ""},
    ),
)
"""Name, type, help, and the figures in it with their state, which is empty where the family has no such label."""


@router.get("/metrics")
def get_metrics(request: Request) -> PlainTextResponse:
    """Figures of each job. Needs a key for all workspaces and events, unless ``GROUNDWORK_METRICS_PUBLIC`` is set."""
    if not settings().metrics_public:
        _authenticate(request)
    with database().transaction() as connection:
        figures = job_figures(connection)
    counts: HookCounts = request.app.state.hook_counts
    return PlainTextResponse("".join([*exposition(figures), *counts.exposition()]), media_type=_CONTENT_TYPE)


def _authenticate(request: Request) -> None:
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    if sender.workspaces != "*" or sender.events != "*":
        raise Refusal(403, "The figures are of all workspaces and jobs; use a key that is restricted to none of them.")


def exposition(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The text format's lines.

    Args:
        figures: by job and name, as :func:`~groundwork.events.inbox.figures.job_figures` gives them.
    """
    for name, kind, description, members in _FAMILIES:
        yield f"# HELP {name} {description}\n# TYPE {name} {kind}\n"
        for job, values in figures.items():
            for figure, state in members.items():
                labels = f'job="{_escaped(job)}"' + (f',state="{state}"' if state else "")
                yield f"{name}{{{labels}}} {values.get(figure, 0.0):.15g}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
