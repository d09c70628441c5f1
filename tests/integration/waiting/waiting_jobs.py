"""Jobs that wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.flows.flow_control import CancelOn, Lane, Singleton
from groundwork.flows.job import job
from groundwork.flows.waiting import invoke, sleep, wait_for_event
from groundwork.tasks.step import step


class TrialBegun(Event, name="test/trial.begun"):
    contact_id: str
    folder: str = ""
    raises: str = ""
    unknown: str | None = None


class ContactAnswered(Event, name="test/contact.answered"):
    contact_id: str
    text: str = ""
    number: int = 0


class ScoreWanted(Event, name="test/score.wanted"):
    contact_id: str
    fail: bool = False


class SuiteBegun(Event, name="test/suite.begun"):
    contact_id: str


@step
def greet(contact_id: str, folder: str) -> str:
    _note(folder, "greet")
    return f"hello {contact_id}"


@job(on=TrialBegun, lane=1)
def remind_in_a_week(event: TrialBegun) -> dict[str, Any]:
    greeting = greet(event.contact_id, event.folder)
    sleep("a-week", timedelta(days=7))
    _note(event.folder, "after the sleep")
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=timedelta(days=3))
    return {"greeting": greeting, "answer": answer.text if answer else None}


@job(on=SuiteBegun, ordered=True)
def in_order(event: SuiteBegun) -> str:
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=60)
    return answer.text if answer else "none"


@job(on=ScoreWanted, lane=5)
def score_contact(event: ScoreWanted) -> dict[str, Any]:
    if event.fail:
        raise ValueError("no score for anybody")
    return {"score": len(event.contact_id)}


class AlertWanted(Event, name="test/alert.wanted"):
    contact_id: str
    fail: bool = False
    timeout: float = 60.0


@job(on=AlertWanted, lane=5)
def alert_with_score(event: AlertWanted) -> int:
    wanted = ScoreWanted(workspace_id=event.workspace_id, contact_id=event.contact_id, fail=event.fail)
    score = invoke("score", wanted, timeout=event.timeout)
    return int(score["score"])


class TwiceWanted(Event, name="test/twice.wanted"):
    contact_id: str


@job(on=TwiceWanted, lane=5)
def two_answers(event: TwiceWanted) -> list[str]:
    answers = (wait_for_event(f"answer-{n}", ContactAnswered, match="contact_id", timeout=60) for n in (1, 2))
    return [answer.text if answer else "none" for answer in answers]


def _note(folder: str, what: str) -> None:
    if folder:
        with (Path(folder) / "log").open("a") as log:
            log.write(f"{what}\n")


class PatienceWanted(Event, name="test/patience.wanted"):
    contact_id: str
    how: str = "fine"


@step
async def think(what: str) -> str:
    await asyncio.sleep(0.01)
    return what


@job(on=PatienceWanted, lane=5)
async def be_patient(event: PatienceWanted) -> list[str]:
    if event.how == "beside a step":
        thinking = asyncio.create_task(think("slowly"))
        await asyncio.sleep(0)
        sleep("a-moment", 1)
        await thinking
    first, second = await asyncio.gather(think("a"), think("b"))
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=60)
    return [first, second, answer.text if answer else "none"]


class ThrashingWanted(Event, name="test/thrashing.wanted"):
    how: str


@step
def wait_in_a_step() -> None:
    sleep("within", 1)


@job(on=ThrashingWanted, lane=5)
def thrash(event: ThrashingWanted) -> object:
    match event.how:
        case "in a step":
            wait_in_a_step()
        case "twice":
            for _ in range(2):
                sleep("the same", 0)
        case "no length":
            sleep("a-moment")
        case "negative":
            sleep("a-moment", -1)
        case "nan":
            sleep("a-moment", float("nan"))
        case "naive":
            sleep("a-moment", until=datetime(2027, 1, 1))
        case "a century":
            sleep("a-moment", timedelta(days=36_500))
        case "a far day":
            sleep("a-moment", until=datetime(2127, 1, 1, tzinfo=UTC))
        case "field":
            wait_for_event("answer", ContactAnswered, match="contact", timeout=1)
        case "no value":
            wait_for_event("answer", ContactAnswered, match={"contact_id": {1, 2}}, timeout=1)
        case "name":
            sleep("", 1)
        case "swallow":
            try:
                sleep("swallowed", 3600)
            except Exception:
                return "went on"
        case "nobody listens":
            invoke("nobody", ContactAnswered(workspace_id=event.workspace_id, contact_id="c1"), timeout=1)
        case "another tenant":
            invoke("stranger", ScoreWanted(workspace_id=WorkspaceId("other"), contact_id="c1"), timeout=1)
    return None


class LeadPushed(Event, name="test/lead.pushed"):
    folder: str
    how: str = "busy"
    times: int = 1


@step(retries=4, first_delay=20.0, longest_delay=40.0)
def call_crm(how: str, folder: str, times: int) -> str:
    _note(folder, how)
    if (Path(folder) / "log").read_text().count(f"{how}\n") <= times:
        raise RetryAfter("busy", 600) if how == "busy" else ConnectionError("no answer")
    return how


@step(retries=2, first_delay=20.0)
async def call_model(how: str, folder: str, times: int) -> str:
    return str(call_crm.fn(how, folder, times))


@step
async def note_slowly(folder: str) -> str:
    await asyncio.sleep(0.3)
    _note(folder, "slow")
    return "slow"


@job(on=LeadPushed, lane=5)
def push_lead(event: LeadPushed) -> list[str]:
    first = greet("c1", event.folder)
    try:
        return [first, call_crm(event.how, event.folder, event.times)]
    except Exception:
        _note(event.folder, "swallowed")
        raise


class LeadThoughtOf(Event, name="test/lead.thought-of"):
    folder: str
    together: str = "gather"


@job(on=LeadThoughtOf, lane=5)
async def think_of_lead(event: LeadThoughtOf) -> list[str]:
    if event.together == "submit":
        slow = note_slowly.submit(event.folder)
        return [await call_model("busy", event.folder, 1), slow.result()]
    return list(await asyncio.gather(call_model("busy", event.folder, 1), note_slowly(event.folder)))


class CallBegun(Event, name="test/call.begun"):
    contact_id: str


@job(on=CallBegun, lane=1, keeps_place=True)
def keep_the_line(event: CallBegun) -> str:
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=60)
    return answer.text if answer else "none"


class CallOnce(Event, name="test/call.once"):
    contact_id: str


@job(on=CallOnce, lane=5, singleton=Singleton(key="contact_id"))
def call_one_by_one(event: CallOnce) -> str:
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=60)
    return answer.text if answer else "none"


class CallKeyed(Event, name="test/call.keyed"):
    contact_id: str


@job(on=CallKeyed, lane=Lane(1, key="contact_id"), keeps_place=True)
def keep_each_line(event: CallKeyed) -> str:
    answer = wait_for_event("answer", ContactAnswered, match="contact_id", timeout=60)
    return answer.text if answer else "none"


class TrialEnded(Event, name="test/trial.ended"):
    contact_id: str


class LongTrialBegun(Event, name="test/long-trial.begun"):
    contact_id: str


@job(on=LongTrialBegun, lane=5, cancel_on=CancelOn(event=TrialEnded, key="contact_id"), expires=30)
def remind_much_later(event: LongTrialBegun) -> str:
    sleep("a-month", timedelta(days=30))
    return event.contact_id


class HookWanted(Event, name="test/hook.wanted"):
    folder: str


def wait_in_a_hook(event: HookWanted, error: BaseException) -> None:
    try:
        sleep("in-a-hook", 1)
    except ConfigurationError as refused:
        _note(event.folder, str(refused))


@job(on=HookWanted, lane=5, on_failure=wait_in_a_hook)
def fail_with_hook(event: HookWanted) -> None:
    raise ValueError("no")
