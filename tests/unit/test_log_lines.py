"""Log lines in JSON: one object per line, with the ids of what it is about."""

import json
import logging
import logging.config
import subprocess
import sys
from uuid import UUID, uuid4

import pytest

from groundwork.blocks.process_cache import forget
from groundwork.blocks.schema.states import DeliveryState
from groundwork.deployments.log_lines import LONGEST, JsonLines, logging_about
from groundwork.deployments.logs import logging_of_uvicorn
from groundwork.events.inbox.standing import Standing

DELIVERY, EVENT, RUN = UUID(int=1), UUID(int=2), UUID(int=3)


def standing() -> Standing:
    return Standing(
        id=DELIVERY, event_id=EVENT, job="process-csv", workspace_id="acme", state=DeliveryState.RUNNING, attempt=1,
        dispatches=1, max_attempts=5, continuations=0, flow_run_id=RUN, lease_expires_at=None, last_error=None,
    )  # fmt: skip


def line(message: object, *arguments: object, error: BaseException | None = None, **extra: object) -> dict[str, str]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("groundwork.relay", logging.WARNING, "", 1, message, arguments, info)
    vars(record).update(extra)
    written = JsonLines(part="relay").format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_has_time_level_part_and_message():
    told = line("delivery %s\nfailed", DELIVERY)
    assert told["message"] == f"delivery {DELIVERY}\nfailed"
    assert (told["level"], told["part"], told["logger"]) == ("WARNING", "relay", "groundwork.relay")
    assert told["time"].endswith("+00:00")
    assert "delivery_id" not in told


def test_what_is_logged_about_a_delivery_has_its_ids():
    with logging_about(standing()):
        told = line("it is queued again")
    assert {name: told[name] for name in ("workspace_id", "event_id", "delivery_id", "job", "flow_run_id")} == {
        "workspace_id": "acme",
        "event_id": str(EVENT),
        "delivery_id": str(DELIVERY),
        "job": "process-csv",
        "flow_run_id": str(RUN),
    }
    assert "delivery_id" not in line("something else")


def test_prefects_ids_stay_and_a_record_that_cannot_be_is_told_all_the_same():
    run_id = str(uuid4())
    assert line("a run", flow_run_id=run_id)["flow_run_id"] == run_id
    assert line("%s and %s", 1)["message"] == "%s and %s"
    assert len(line("x" * 10 * LONGEST)["message"]) < LONGEST + 10
    assert "ValueError: why" in line("failed", error=ValueError("why"))["exception"]


def test_the_gateways_access_log_is_json_too(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    monkeypatch.setenv("GROUNDWORK_LOG_FORMAT", "json")
    forget()
    try:
        logging.config.dictConfig(logging_of_uvicorn("gateway") or {})
        logging.getLogger("uvicorn.access").info(
            '%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", "/events", "1.1", 202
        )
        told = json.loads(capfd.readouterr().err)
        assert told["message"] == '127.0.0.1:1 - "POST /events HTTP/1.1" 202'
    finally:
        forget()
        for name in ("uvicorn", "groundwork"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True


def test_prefect_logs_by_it_where_its_settings_say_so(tmp_path):
    """Prefect's own names of the parts of its logging configuration; another one one day would fail here."""
    program = """
import os
os.environ["GROUNDWORK_LOG_FORMAT"] = "json"
from groundwork.deployments.logs import logging_of_prefect
os.environ.update(logging_of_prefect())
import prefect, logging
from prefect.logging.configuration import setup_logging
setup_logging()
logging.getLogger("prefect.workers").warning("taken on", extra={"flow_run_id": "run"})
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True
    )
    told = [json.loads(each) for each in done.stderr.splitlines()]
    assert [(each["message"], each.get("flow_run_id")) for each in told] == [("taken on", "run")]
