"""One storm: load and faults together, then calm, then the verdict."""

import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import insert

from groundwork.blocks.schema import app_user
from tests.chaos.storm import evidence
from tests.chaos.storm.faults import Faults
from tests.chaos.storm.faults_on_two import FaultsOnTwo
from tests.chaos.storm.load import CONTACTS, Load, Upload, User, imports_of, plan, users_of, workspace_names
from tests.chaos.storm.report import Report
from tests.chaos.storm.schedule import schedule, schedule_on_two
from tests.chaos.storm.sender import Sender
from tests.chaos.storm.stack import StormStack, storm_stack
from tests.chaos.storm.two_machines import TwoMachines
from tests.chaos.storm.verdict import judge_storm
from tests.integration.stack.application import Application
from tests.waiting import wait_until

_LOGS = Path("build/chaos-logs")


def run_storm(*, seed: int, minutes: float, events: int, layout: str = "one") -> Report:
    """Let a storm rage and judge what it left.

    Args:
        layout: `one` machine with `groundwork up`, or `two` with each part on both.
        seed: of load, faults and losses. The same seed sends the same events and lets the same faults happen, at the
            same times; which run they hit depends on the machine.
        minutes: how long it lasts; the calm after it comes on top.
        events: how many are sent.
    """
    report = Report(seed=seed, minutes=minutes, layout=layout)
    seconds = minutes * 60
    with storm_stack(seed, TwoMachines if layout == "two" else StormStack) as stack:
        users = _stored(stack, users_of(events))
        uploads = _uploads(stack, imports_of(events))
        load = plan(random.Random(f"load {seed}"), events, seconds, uploads, users)
        faults = _faults(stack, random.Random(f"faults {seed}"), seconds)
        print(f"Storm of {seconds:.0f} s, seed {seed}: {len(load.keys)} events.", flush=True)
        senders = _rage(stack, load, faults)
        report.settle_seconds = round(_calm(stack, report, patience=max(seconds, 120.0)), 1)
        report.left_behind = [*_open(stack), *_end(stack)]
        report.unfinished_files = sum(len(list(evidence.files_in(folder))) for folder in stack.unfinished)
        judge_storm(report, stack, load, senders, faults.hits)
        if not report.clean:
            _keep_logs(stack)
    return report


def _faults(stack: StormStack, rng: random.Random, seconds: float) -> Faults:
    if isinstance(stack, TwoMachines):
        return FaultsOnTwo(stack, schedule_on_two(rng, seconds))
    return Faults(stack, schedule(rng, seconds))


def _stored(stack: StormStack, users: Sequence[User]) -> Sequence[User]:
    """The users, as an application stores them before they sign up."""
    rows = [{"id": each.id, "workspace_id": each.workspace, "email": each.email, "name": each.name} for each in users]
    with stack.database.transaction() as connection:
        connection.execute(insert(app_user), rows)
    return users


def _uploads(stack: StormStack, number: int) -> Sequence[Upload]:
    """Files of a few contacts that nobody else has, uploaded and not yet confirmed."""
    applications = [Application(stack, name) for name in workspace_names()[:number]]
    uploads = []
    for each in range(number):
        file = stack.home / f"contacts-{each}.csv"
        file.write_text("email\n" + "".join(f"contact-{row}@import-{each}.example\n" for row in range(CONTACTS)))
        application = applications[each % len(applications)]
        uploads.append(Upload(application, application.upload(file), file.name))
    return uploads


def _rage(stack: StormStack, load: Load, faults: Faults) -> list[Sender]:
    """Send and break until all is sent and every fault is over."""
    url = f"http://127.0.0.1:{stack.to_gateway.port}"
    senders = [Sender(url, requests) for requests in load.requests.values()]
    stack.set_lossy(True)
    for thread in (*senders, faults):
        thread.start()
    faults.join()
    stack.set_lossy(False)
    if faults.error is not None:
        raise faults.error
    for sender in senders:
        sender.join(60)
        sender.stop()
    return senders


def _calm(stack: StormStack, report: Report, patience: float) -> float:
    """Wait until every delivery has ended. Returns seconds; what is still open then is judged as lost."""
    began = time.monotonic()
    try:
        wait_until(lambda: not evidence.open_deliveries(stack.database), patience, "every delivery to end")
    except AssertionError:
        report.examples.append(f"open after {patience:.0f} s: {dict(evidence.open_deliveries(stack.database))}")
    return time.monotonic() - began


def _open(stack: StormStack) -> list[str]:
    return [f"{number} deliveries {state}" for state, number in evidence.open_deliveries(stack.database).items()]


def _end(stack: StormStack) -> list[str]:
    """End `up`. Returns what is left of it."""
    stack.end()
    processes = [each for home in stack.homes for each in evidence.processes_of(home)]
    return [*processes, *evidence.files_in(stack.temporary)]


def _keep_logs(stack: StormStack) -> None:
    """Copy what explains a verdict to where it outlives the storm."""
    _LOGS.mkdir(parents=True, exist_ok=True)
    for log in (stack.executions, stack.processes_log, stack.postgres_log):
        shutil.copy(log, _LOGS)
    for log in stack.logs:
        shutil.copy(log, _LOGS / f"{log.parent.name}-{log.name}")
