"""What a demo has come to, for a person to read."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from groundwork.blocks.settings import settings
from groundwork.blocks.words import counted
from groundwork.deployments.commands.nurture.demonstration.figures import Figures

_SOURCES = {"builtin": "the built-in mails", "template": "approved templates", "model": "a model, contact by contact"}


def text_of(figures: Figures) -> str:
    """The whole report."""
    parts = (_table, _lines, _sequence, _waiting, _where_to_look)
    lines = [line for part in parts for line in ("", *part(figures))]
    return "\n".join([*lines, *([f"\nNot all came through: {figures.error}"] if figures.error else [])])


def _table(figures: Figures) -> Iterator[str]:
    yield f"{'category':<12}{'contacts':>10}{'sequences':>11}{'in the CRM':>12}{'first mails out':>17}"
    for each in (*figures.categories, figures.total):
        yield f"{each.category:<12}{each.contacts:>10,}{each.sequences:>11,}{each.in_crm:>12,}{each.first_mails:>17,}"


def _lines(figures: Figures) -> Iterator[str]:
    for each in figures.sources:
        reason = f" ({each.fallback_reason})" if each.fallback_reason else ""
        yield f"sequences   {each.sequences:,} from {_SOURCES[each.source]}{reason}"
    yield f"scores      {', '.join(f'{number} {band}' for band, number in figures.bands.items()) or 'none'}"
    yield f"runs        {', '.join(f'{job} {each.number:,}' for job, each in figures.runs.items() if each.number)}"
    yield f"seconds     {', '.join(f'{name} {seconds:.1f}' for name, seconds in figures.seconds.items())}"
    yield "            (of the hot lead: since it asked for a valuation)"


def _sequence(figures: Figures) -> Iterator[str]:
    if figures.lead is None:
        return
    lead = figures.lead
    yield f"The hottest lead is {lead.name}, with a score of {lead.score:.0f}. Its sequence, as {lead.category}:"
    for mail in figures.mails:
        when = f"sent {_clock(mail.sent_at, figures)}" if mail.sent_at else f"due {_clock(mail.due_at, figures)}"
        yield f"\n{mail.number}. {mail.subject}  [{when}]\n"
        yield from (f"   {line}".rstrip() for line in mail.body.splitlines())


def _waiting(figures: Figures) -> Iterator[str]:
    unsent = figures.total.sequences - figures.total.first_mails
    if unsent:
        yield f"What waits: {counted(unsent, 'first mail')}, which go out while `groundwork up` runs on this home;"
    yield f"{'' if unsent else 'What waits: '}the second and third mails of each sequence, until their days."


def _where_to_look(figures: Figures) -> Iterator[str]:
    home = settings().home.resolve()
    yield "Where to look (the runs while `make up` runs):"
    for job in ("generate-sequence", "push-to-crm", "alert-hot-lead"):
        if url := figures.runs[job].url:
            yield f"  {job:<18}{url}"
    if figures.alert:
        yield f"  {'the alert':<18}{figures.alert.resolve()}"
    yield f"  {'all mails':<18}{home / 'outbox'}"
    yield f"  {'logs':<18}{home / 'logs'}"


def _clock(moment: datetime, figures: Figures) -> str:
    return f"{moment.astimezone(ZoneInfo(figures.zone)):%a %d %b, %H:%M}"
