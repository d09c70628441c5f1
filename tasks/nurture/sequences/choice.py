"""From where a contact's mails come: its own draft, the approved template, or the built-in ones; and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.events.nurture.contacts import Category
from groundwork.tasks.nurture.agency import Agency
from groundwork.tasks.nurture.brand_voice import BrandVoice
from groundwork.tasks.nurture.sequences.builtin.mails import VERSION, write_builtin
from groundwork.tasks.nurture.sequences.checks import faults_of
from groundwork.tasks.nurture.sequences.draft import Draft
from groundwork.tasks.nurture.sequences.names import first_name_of
from groundwork.tasks.nurture.sequences.record import Addressee, Mail, NewSequence, Request
from groundwork.tasks.nurture.sequences.slots import filled
from groundwork.tasks.nurture.sequences.templates import Template
from groundwork.tasks.nurture.sequences.written import Written


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What there is to make sequences of.

    Attributes:
        templates: of the brand voice, by category.
        written: what the model wrote or did not, by the names of the works.
        has_model: whether one is configured.
    """

    agency: Agency
    voice: BrandVoice
    templates: Mapping[Category, Template]
    written: Mapping[str, Written]
    has_model: bool


def sequence_for(request: Request, addressee: Addressee, sources: Sources) -> NewSequence:
    """The sequence of a contact.

    Raises:
        NonRetriable: not even the built-in one may be sent, because of what the agency says of itself.
    """
    agency, voice = sources.agency, sources.voice
    name = first_name_of(addressee.first_name)
    written = sources.written.get(f"contact:{request.contact_id}")
    template, reason = _template_for(request, sources, written)
    costs = written.model_dump(include={"tokens_in", "tokens_out", "cost_micros", "attempts"}) if written else {}
    if written and written.draft:
        draft, source, version, model = written.draft, "model", written.prompt_version, written.model
    elif template and not faults_of(draft := filled(template.draft, agency, name), agency):
        source, version, model = "template", template.prompt_version, template.model
    else:
        if template:
            reason, template = "the approved template does not fit this contact or agency", None
        draft = write_builtin(request.category, voice.tone, agency, request.contact_id)
        source, version, model = "builtin", VERSION, None
        if faults := faults_of(draft, agency):
            raise NonRetriable(
                f"Not even the built-in mails may be sent in the agency's name: {faults[0]}. Look at "
                f"`groundwork nurture agency show --workspace {agency.workspace_id}`."
            )
    return NewSequence(
        contact_id=request.contact_id,
        category=request.category,
        categorised_at=request.categorised_at,
        source=source,
        fallback_reason=reason,
        template_id=template.id if template else None,
        voice_version=voice.version,
        prompt_version=version,
        model=model,
        mails=_mails(draft, voice, name),
        **({"tokens_in": 0, "tokens_out": 0, "cost_micros": 0, "attempts": 0} | costs),
    )


def _template_for(request: Request, sources: Sources, written: Written | None) -> tuple[Template | None, str | None]:
    """The approved template to use in place of mails of the contact's own, and why the agency's wish is not met."""
    if written and written.draft:
        return None, None
    template = sources.templates.get(request.category)
    approved = template if template and template.state == "approved" else None
    if sources.agency.writing == "contacts":
        reason = written.reason if written else "no model is configured: set GROUNDWORK_WRITER_API_KEY"
        return approved, reason
    if approved:
        return approved, None
    if template:
        waits = f"the template of {request.category} waits for `groundwork nurture approve {template.id}`"
        return None, waits if template.state == "pending" else f"the template of {request.category} was rejected"
    asked = sources.written.get(f"template:{request.category}")
    if asked:
        return None, f"there is no template of {request.category}: {asked.reason}"
    if sources.has_model:
        return None, f"the model could not write a template of {request.category}; it is asked again after an hour"
    return None, None


def _mails(draft: Draft, voice: BrandVoice, first_name: str) -> tuple[Mail, ...]:
    greeting = f"{voice.greeting} {first_name}".rstrip(" ,") + ","
    signature = f"{voice.sign_off.rstrip(' ,')},\n{voice.signature}"
    return tuple(
        Mail(
            subject=" ".join(each.subject.split()),
            body=f"{greeting}\n\n{each.body.strip()}\n\n{signature}",
            send_after_days=each.send_after_days,
        )
        for each in draft.mails
    )
