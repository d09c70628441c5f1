"""The verdict on a storm: what was recorded, put to the judge, in a report."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.chaos import counter
from tests.chaos.storm import evidence, execution_log, judge, process_log
from tests.chaos.storm.judge import Transition
from tests.chaos.storm.load import CONTACTS, Load
from tests.chaos.storm.recovery import interruptions, recoveries
from tests.chaos.storm.report import Report
from tests.chaos.storm.schedule import Hit
from tests.chaos.storm.sender import Sender
from tests.chaos.storm.stack import StormStack

ORDERED = ("count-in-order", "count-together")
LIMITS = {
    "count": counter.LANE,
    "count-in-order": 1,
    "count-together": 1,
    "count-when-told": counter.LANE,
    "crash": counter.LANE,
    "hear": counter.LANE,
    "weigh": counter.LANE,
    "process-csv": 1,
    "send-welcome": 5,
}
_TOLD = {"misfit": "does not fit its type", "refused": "is refused", "unstorable": "NaN", "crash": ""}
"""By what is wrong with an event, the words of its dead letter."""
_EXAMPLES = 5
"""How many of each fault of the product the report names."""


def judge_storm(report: Report, stack: StormStack, load: Load, senders: Sequence[Sender], hits: Sequence[Hit]) -> None:
    """Fill in a report.

    Args:
        load: what was to be sent.
        senders: what was sent, and accepted.
        hits: the faults that happened, in order of time.
    """
    executions = execution_log.read(stack.executions)
    transitions = evidence.transitions(stack.database)
    _judge_effects(report, stack, load, senders)
    holding = judge.held(executions, transitions, _killed(hits))
    report.out_of_order = judge.effects_out_of_order(evidence.effects(stack.database), ORDERED)
    report.out_of_order += judge.executions_out_of_order(holding, ORDERED)
    report.over_limit = judge.over_limit_by_executions(holding, LIMITS)
    report.over_limit += judge.over_limit_by_inbox(transitions, LIMITS)
    # What ends its own process was interrupted by no fault.
    transitions = [each for each in transitions if each.job != "crash"]
    _measure_recovery(report, stack, transitions, hits)
    report.kills = sum(hit.is_kill for hit in hits)
    report.faults = dict(Counter(hit.kind for hit in hits))
    report.runs = sum(each.leads and each.state == "running" for each in transitions)
    report.interrupted_runs = len(interruptions(transitions))
    report.requests_resent = sum(each.resent for each in senders)
    report.answers_lost = stack.answers_lost


def _judge_effects(report: Report, stack: StormStack, load: Load, senders: Sequence[Sender]) -> None:
    accepted = {key: event for sender in senders for key, event in sender.accepted.items()}
    report.events = len(accepted)
    lost = {f"{key} has no 202 ({len(load.keys)} were to be sent)" for key in load.keys - set(accepted)}
    lost |= {f"{key} refused" for key in (sender.refused for sender in senders) if key}
    unfinished = evidence.not_done(stack.database)
    lost |= {f"{key} {unfinished[key]}" for key in accepted if key in unfinished and key not in load.poison}
    lost |= {
        f"{key} was to be a dead letter, and is {unfinished.get(key, 'done')}"
        for key, wrong in load.poison.items()
        if key in accepted and not _is_told(unfinished.get(key, "done"), wrong)
    }
    report.poison = len(load.poison)
    stored = evidence.stored(stack.database)
    lost |= {f"{key} is not in the inbox" for key in accepted if not stored[key]}

    counts = [count for key, count in load.counts.items() if key in accepted]
    in_database, in_crm = Counter(evidence.effects(stack.database)), stack.crm.counted()
    lost |= {f"{count} has no effect" for count in judge.missing(counts, in_database, in_crm)}
    report.duplicated = judge.surplus(counts, in_database, in_crm) + judge.surplus(list(accepted), stored)

    for record in evidence.imports(stack.database).values():
        if (record.status, record.inserted, record.contacts) != ("completed", CONTACTS, CONTACTS):
            lost.add(f"import of {record.filename}: {record}")
        report.duplicated += bool(record.updated)

    wanted = {letter for key, letter in load.letters.items() if key in accepted}
    sent = judge.letters(stack.postmaster.mails)
    lost |= {f"mail {letter} was not sent" for letter in judge.missing(wanted, sent)}
    report.duplicated += judge.surplus(wanted, sent)
    report.mails = sent.total()
    report.mails_repeated = len(stack.postmaster.mails) - report.mails
    report.lost = len(lost)
    report.examples += sorted(lost)[:_EXAMPLES]


def _is_told(outcome: str, wrong: str) -> bool:
    return outcome.startswith("failed: ") and _TOLD[wrong] in outcome


def _measure_recovery(
    report: Report, stack: StormStack, transitions: Sequence[Transition], hits: Sequence[Hit]
) -> None:
    first_steps = evidence.first_steps(stack.database)
    by_fault = recoveries(transitions, first_steps, hits, process_log.read(stack.processes_log))
    report.recovery_seconds_by_fault = {kind: _summary(seconds) for kind, seconds in sorted(by_fault.items())}
    together = [each for seconds in by_fault.values() for each in seconds]
    report.recoveries = len(together)
    if together:
        overall = _summary(together)
        report.recovery_p50_seconds, report.recovery_longest_seconds = overall["p50"], overall["longest"]


def _summary(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(statistics.median(seconds), 2),
        "longest": round(max(seconds), 2),
        "count": len(seconds),
    }


def _killed(hits: Sequence[Hit]) -> dict[int, list[float]]:
    killed: dict[int, list[float]] = defaultdict(list)
    for hit in hits:
        if hit.is_kill:
            for pid in hit.pids:
                killed[pid].append(hit.at)
    return killed
