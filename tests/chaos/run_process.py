"""The process that executes a delivery's flow run: found, killed, and ended by a cancellation."""

import os
import signal
from pathlib import Path

from groundwork.events.inbox import DeliveryStatus
from tests.integration.stack.application import Application
from tests.waiting import wait_until


def process_of(application: Application, delivery: DeliveryStatus) -> int:
    """Its process id, as its worker told Prefect."""
    run = application.stack.ask_prefect(f"/flow_runs/{delivery.flow_run_id}", method="GET")
    return int(run["infrastructure_pid"].rpartition(":")[2])


def kill(application: Application, delivery: DeliveryStatus) -> None:
    """SIGKILL it."""
    os.kill(process_of(application, delivery), signal.SIGKILL)


def cancel(application: Application, delivery: DeliveryStatus) -> None:
    """Cancel the run as the button in Prefect's UI does.

    It is stopped meanwhile, so that it is not done before the worker, which asks every two seconds, hears of it.
    """
    process = process_of(application, delivery)
    os.kill(process, signal.SIGSTOP)
    try:
        answer = application.stack.ask_prefect(
            f"/flow_runs/{delivery.flow_run_id}/set_state", {"state": {"type": "CANCELLING"}}
        )
        assert answer["status"] == "ACCEPT"
        wait_until(lambda: _told_to_end(process), 30, what="the worker to end the run")
    finally:
        os.kill(process, signal.SIGCONT)


def _told_to_end(pid: int) -> bool:
    """Whether SIGTERM waits for a stopped process (proc_pid_status(5))."""
    [pending] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("ShdPnd:")]
    return bool(int(pending.split()[1], 16) & 1 << signal.SIGTERM - 1)
