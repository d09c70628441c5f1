"""The steps that write sequences and store them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.nurture.writer import ModelDeclined, writer
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.events.nurture.sequences import SequenceStored
from groundwork.tasks.nurture.agency import agency_of
from groundwork.tasks.nurture.brand_voice import BrandVoice
from groundwork.tasks.nurture.crm import note_for_crm
from groundwork.tasks.nurture.sequences import prompts
from groundwork.tasks.nurture.sequences.checks import faults_of, names_in
from groundwork.tasks.nurture.sequences.choice import Sources, sequence_for
from groundwork.tasks.nurture.sequences.draft import Draft
from groundwork.tasks.nurture.sequences.outcomes import Outcome, SequenceNotMade
from groundwork.tasks.nurture.sequences.record import (
    NewSequence,
    Request,
    addressees,
    contact_to_write_to,
    names_of_others,
    store,
)
from groundwork.tasks.nurture.sequences.slots import slots_of
from groundwork.tasks.nurture.sequences.templates import asked_in_vain, templates_in_use
from groundwork.tasks.nurture.sequences.templates import keep_template as keep
from groundwork.tasks.nurture.sequences.written import Asked, Call, Work, Written
from groundwork.tasks.nurture.writer import OverBudget, ask
from groundwork.tasks.step import step


@step(memoise=False)
def find_work(workspace_id: WorkspaceId, requests: Sequence[Request], voice: BrandVoice) -> list[Work]:
    """What a model has to write before the sequences can be stored: a template per category, or mails per contact.
    Nothing where no model is configured. Not remembered: what is stored meanwhile is not written again.

    A template that the model was asked for in this hour, and did not write well, is not asked for by each batch anew.
    """
    if not writer().has_model:
        return []
    with database().transaction() as connection:
        agency = agency_of(connection, workspace_id)
        known = addressees(connection, workspace_id, requests)
        wanted = [
            request
            for request, who in zip(requests, known, strict=True)
            if who.skipped is None and who.sequence_id is None
        ]
        if agency.writing == "contacts":
            works = [Work(kind="contact", id=each.contact_id, category=each.category) for each in wanted]
            return list(dict.fromkeys(works))
        there = templates_in_use(connection, workspace_id, voice.version)
        missing = sorted({each.category for each in wanted} - there.keys())
        works = [Work(kind="template", id=each, category=each) for each in missing]
        return [each for each in works if not asked_in_vain(connection, workspace_id, each, voice)]


@step(provider=True, retries=3, first_delay=2.0, key=("work", "voice", "call"))
def ask_model(
    workspace_id: WorkspaceId,
    work: Work,
    voice: BrandVoice,
    call: Call,
) -> Asked:
    """Ask the model once, and check what it answers. The brand voice is a part of the key: a changed one asks anew.

    Args:
        call: which one it is for this work.
    """
    with database().transaction() as connection:
        agency = agency_of(connection, workspace_id)
        contact = contact_to_write_to(connection, workspace_id, work.id) if work.kind == "contact" else None
    if contact is None:
        prompt = prompts.template_prompt(work.category, voice, agency, call.corrections)
    else:
        prompt = prompts.contact_prompt(contact, work.category, voice, agency, corrections=call.corrections)
    try:
        answer = ask(workspace_id, work.name_in(voice.version), prompt, Draft)
    except OverBudget:
        return Asked(hopeless="the budget of the day is used up", ends_all=True, called=False)
    except ModelDeclined as error:
        return Asked(hopeless=str(error), ends_all=error.kind == "quota")
    faults: list[str] = [answer.fault] if answer.fault else []
    if answer.output:
        faults = faults_of(answer.output, agency, slots=slots_of(agency) if contact is None else ())
        if contact is not None:
            text = " ".join(f"{each.subject} {each.body}" for each in answer.output.mails)
            with database().transaction() as connection:
                faults += names_in(answer.output, names_of_others(connection, workspace_id, work.id, text))
    return Asked(
        draft=None if faults else answer.output,
        faults=tuple(faults),
        model=writer().model_name,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        cost_micros=answer.cost_micros,
    )


@step(ledger=True, key=("work", "voice"))
def keep_template(
    connection: Connection, workspace_id: WorkspaceId, work: Work, voice: BrandVoice, *, written: Written
) -> bool:
    """Keep a template that the model wrote, pending until a person approves it."""
    return keep(connection, workspace_id, work.category, voice, written=written)


@step(ledger=True)
def store_sequences(
    connection: Connection,
    workspace_id: WorkspaceId,
    requests: Sequence[Request],
    voice: BrandVoice,
    *,
    written: Mapping[str, Written],
    unwritten: Sequence[str],
) -> list[Outcome]:
    """Make the sequences of what there is, store them, and tell the jobs that send and push: all in one transaction.

    Args:
        written: what the model wrote, by the names of the works.
        unwritten: names of works of which nothing is stored, since the model could not be asked.

    Returns:
        One outcome per request, in their order.

    Raises:
        SequenceNotMade: there is an error for each request.
    """
    sources = Sources(
        agency=agency_of(connection, workspace_id),
        voice=voice,
        templates=templates_in_use(connection, workspace_id, voice.version),
        written=written,
        has_model=writer().has_model,
    )
    outcomes: list[Outcome] = []
    new: dict[str, NewSequence] = {}
    for request, who in zip(requests, addressees(connection, workspace_id, requests), strict=True):
        if who.skipped or who.sequence_id:
            outcomes.append(Outcome(sequence_id=who.sequence_id, skipped=who.skipped))
            continue
        if f"contact:{request.contact_id}" in unwritten:
            outcomes.append(Outcome())
            continue
        try:
            made = new[request.contact_id] = sequence_for(request, who, sources)
        except NonRetriable as error:
            outcomes.append(Outcome(error=str(error)))
            continue
        outcomes.append(Outcome(source=made.source, fallback_reason=made.fallback_reason))
    if all(each.error for each in outcomes):
        # What is returned is what a replay of the same requests would get, whatever was mended meanwhile.
        raise SequenceNotMade(outcomes[0].error)
    stored = store(connection, workspace_id, list(new.values()))
    subjects = {each: {"sequence": "; ".join(mail.subject for mail in new[each].mails)} for each in stored}
    note_for_crm(connection, workspace_id, subjects)
    _send_follow_ons(connection, workspace_id, stored)
    return [
        each.model_copy(update={"sequence_id": stored.get(request.contact_id)}) if each.source else each
        for request, each in zip(requests, outcomes, strict=True)
    ]


def _send_follow_ons(connection: Connection, workspace_id: WorkspaceId, stored: Mapping[str, UUID]) -> None:
    follow_ons = [
        event
        for contact_id, sequence_id in stored.items()
        for event in (
            SequenceStored(workspace_id=workspace_id, contact_id=contact_id, sequence_id=sequence_id),
            CrmPushWanted(workspace_id=workspace_id, contact_id=contact_id, reason="sequence"),
        )
    ]
    send_many(follow_ons, connection)
