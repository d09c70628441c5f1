"""The settings with which ``up`` runs Prefect. The environment wins over each of them; ``docs/worker.md`` says more."""

from collections.abc import Mapping
from pathlib import Path

import certifi

from groundwork.blocks.telemetry import TELEMETRY_OFF
from groundwork.deployments.logs import packages_of_applications

SERVER_SETTINGS: Mapping[str, str] = {
    # Leases in memory are lost with the server and leave their slots taken for ever.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # A step that waits for a slot of its workspace asks again this often at the latest; the default is 10 s.
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # Task runs and events are written in batches; the UI shows a task run up to a second later. The interval has to be
    # whole seconds: Prefect cuts a fraction off, and at 0 its recorder loops without pause and takes a core.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "50",
}
"""Of the server and its services."""

CLIENT_SETTINGS: Mapping[str, str] = {
    **TELEMETRY_OFF,
    # The server does not ask for CSRF tokens by default; a client that does costs each run two requests.
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # The worker asks for new runs this often; the default of 10 s is most of a run's latency.
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    # Logs go to files; finding out what to colour costs each run some ten milliseconds.
    "PREFECT_LOGGING_COLORS": "false",
}
"""Of gateway, relay, worker and runs."""

PREFECT_SETTINGS: Mapping[str, str] = {**SERVER_SETTINGS, **CLIENT_SETTINGS}


def worker_logging() -> dict[str, str]:
    """What the applications' modules log in a run is its log in Prefect, too; outside of a run it is the console's."""
    return {
        "PREFECT_LOGGING_EXTRA_LOGGERS": ",".join(packages_of_applications()),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }


def vacuum_settings(days: int) -> dict[str, str]:
    """Settings that let Prefect forget flow runs, with logs and artifacts, so many days after their end; by default it
    keeps them for ever."""
    return {
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(days * 86_400),
    }


_END = "-----END CERTIFICATE-----\n"


def one_certificate(folder: Path) -> Path:
    """A file with one certificate, for clients of an API without TLS.

    Every client that Prefect makes loads the whole bundle of authorities, about 17 ms of CPU each, and a run makes half
    a dozen, although the API's address is plain HTTP.
    """
    path = folder / "one-certificate.pem"
    bundle = Path(certifi.where()).read_text(encoding="utf-8")
    begin = bundle.index("-----BEGIN CERTIFICATE-----")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(bundle[begin : bundle.index(_END, begin) + len(_END)], encoding="utf-8")
    return path
