"""One storm: load and faults together, then calm, then the verdict."""

import random
import shutil
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import counter
from tests.chaos.storm import evidence, execution_log, judge
from tests.chaos.storm.faults import Faults, Hit, schedule
from tests.chaos.storm.load import CONTACTS, Load, imports_of, plan, workspace_names
from tests.chaos.storm.report import Report
from tests.chaos.storm.sender import Sender
from tests.chaos.storm.stack import StormStack, storm_stack
from tests.integration.stack.application import Application
from tests.waiting import wait_until

ORDERED = ("count-in-order", "count-together")
LIMITS = {"count": counter.LANE, "count-in-order": 1, "count-together": 1, "process-csv": 1}
_LOGS = Path("build/chaos-logs")
_EXAMPLES = 5
"""How many of each fault of the product the report names."""


def run_storm(*, seed: int, minutes: float, events: int) -> Report:
    """Let a storm rage and judge what it left.

    Args:
        seed: of load, faults and losses. The same seed sends the same events and lets the same faults happen, at the
            same times; which run they hit depends on the machine.
        minutes: how long it lasts; the calm after it comes on top.
        events: how many are sent.
    """
    report = Report(seed=seed, minutes=minutes)
    seconds = minutes * 60
    with storm_stack(seed) as stack:
        load = plan(random.Random(f"load {seed}"), events, seconds, _uploads(stack, imports_of(events)))
        faults = Faults(stack, schedule(random.Random(f"faults {seed}"), seconds))
        print(f"Storm of {seconds:.0f} s, seed {seed}: {load.events} events.", flush=True)
        senders = _rage(stack, load, faults)
        report.settle_seconds = round(_calm(stack, report, patience=max(seconds, 120.0)), 1)
        report.left_behind = [*_open(stack), *_end(stack)]
        report.unfinished_files = sum(len(list(evidence.files_in(folder))) for folder in stack.unfinished)
        _judge(report, stack, load, senders, faults.hits)
        if not report.clean:
            _keep_logs(stack)
    return report


def _uploads(stack: StormStack, number: int) -> Sequence[tuple[Application, str]]:
    """Files of a few contacts that nobody else has, uploaded and not yet confirmed."""
    applications = [Application(stack, name) for name in workspace_names()[:number]]
    uploads = []
    for each in range(number):
        file = stack.home / f"contacts-{each}.csv"
        file.write_text("email\n" + "".join(f"contact-{row}@import-{each}.example\n" for row in range(CONTACTS)))
        application = applications[each % len(applications)]
        uploads.append((application, application.upload(file)))
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
    return [*evidence.processes_of(stack.home), *evidence.files_in(stack.temporary)]


def _judge(report: Report, stack: StormStack, load: Load, senders: Sequence[Sender], hits: Sequence[Hit]) -> None:
    executions = execution_log.read(stack.executions)
    transitions = evidence.transitions(stack.database)
    killed = _killed(hits)
    _judge_effects(report, stack, load, senders)
    holding = judge.held(executions, transitions, killed)
    report.out_of_order = judge.effects_out_of_order(evidence.effects(stack.database), ORDERED)
    report.out_of_order += judge.executions_out_of_order(holding, ORDERED)
    report.over_limit = judge.over_limit_by_executions(holding, LIMITS)
    report.over_limit += judge.over_limit_by_inbox(transitions, LIMITS)
    recoveries = judge.recoveries(executions, killed)
    report.recoveries = len(recoveries)
    if recoveries:
        report.recovery_p50_seconds = round(statistics.median(recoveries), 2)
        report.recovery_longest_seconds = round(max(recoveries), 2)
    report.kills = sum(hit.kind == "killed" for hit in hits)
    report.faults = dict(Counter(hit.kind for hit in hits))
    report.runs = len(executions)
    report.interrupted_runs = sum(each.ended is None for each in executions)
    report.requests_resent = sum(each.resent for each in senders)
    report.answers_lost = stack.answers_lost


def _judge_effects(report: Report, stack: StormStack, load: Load, senders: Sequence[Sender]) -> None:
    accepted = {key: event for sender in senders for key, event in sender.accepted.items()}
    report.events = len(accepted)
    lost = {
        f"{key} has no 202 ({load.events} were to be sent)" for key in {*load.counts, *load.imports} - set(accepted)
    }
    lost |= {f"{key} refused" for key in (sender.refused for sender in senders) if key}
    unfinished = evidence.not_done(stack.database)
    lost |= {f"{key} {unfinished[key]}" for key in accepted if key in unfinished}
    stored = evidence.stored(stack.database)
    lost |= {f"{key} is not in the inbox" for key in accepted if not stored[key]}

    counts = [count for key, count in load.counts.items() if key in accepted]
    in_database, in_crm = Counter(evidence.effects(stack.database)), stack.crm.counted()
    lost |= {f"{count} has no effect" for count in judge.missing(counts, in_database, in_crm)}
    report.duplicated = judge.surplus(counts, in_database, in_crm) + judge.surplus(list(accepted), stored)

    mails = evidence.mails(stack.home)
    for record in evidence.imports(stack.database).values():
        about = {identifier for identifier, subject in mails if record.filename in subject}
        if (record.status, record.inserted, record.contacts) != ("completed", CONTACTS, CONTACTS) or not about:
            lost.add(f"import of {record.filename}: {record}, {len(about)} mails")
        report.duplicated += bool(record.updated) + max(len(about) - 1, 0)
    report.lost = len(lost)
    report.examples += sorted(lost)[:_EXAMPLES]


def _killed(hits: Sequence[Hit]) -> dict[int, list[float]]:
    killed: dict[int, list[float]] = defaultdict(list)
    for hit in hits:
        if hit.kind == "killed":
            for pid in hit.pids:
                killed[pid].append(hit.at)
    return killed


def _keep_logs(stack: StormStack) -> None:
    """Copy what explains a verdict to where it outlives the storm."""
    _LOGS.mkdir(parents=True, exist_ok=True)
    for log in (stack.executions, stack.postgres_log, *(stack.home / "logs").glob("*.log")):
        shutil.copy(log, _LOGS)
