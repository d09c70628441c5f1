"""What a demo has come to, for a person to read."""

from collections.abc import Iterator

from groundwork.blocks.settings import settings
from groundwork.blocks.words import counted
from groundwork.deployments.commands.fitness.demonstration.figures import Figures
from groundwork.deployments.commands.fitness.demonstration.invented import DAYS, member_id, member_name, name_of
from groundwork.tasks.fitness.feed.reading import FeedItem

_RISKS = 8
_DID = {"reaction": "reacted to", "comment": "commented on", "post": "posted", "follow": "follows"}


def text_of(figures: Figures) -> str:
    """The whole report."""
    parts = (_lines, _top, _member, _risks, _feed, _waiting, _where_to_look)
    lines = [line for part in parts for line in ("", *part(figures))]
    return "\n".join([*lines, *([f"\nNot all came through: {figures.error}"] if figures.error else [])])


def _lines(figures: Figures) -> Iterator[str]:
    found = figures.totals
    yield f"members     {figures.gym.members:,}, {DAYS} days, {counted(found.workouts, 'workout')}"
    refused = f"{counted(figures.rejected, 'row')} of the file refused: what cannot be is not stored"
    yield f"readings    {found.readings:,}; {refused}"
    yield f"scores      {found.scores:,}"
    yield f"feeds       {counted(found.feed_rows, 'row')}"
    yield f"runs        {', '.join(f'{job} {each.number:,}' for job, each in figures.runs.items() if each.number)}"
    yield f"seconds     {', '.join(f'{name} {seconds:.1f}' for name, seconds in figures.seconds.items())}"
    yield "            (of the spike: since it was logged)"


def _top(figures: Figures) -> Iterator[str]:
    yield f"{'load has grown most':<24}{'7 days, AU':>12}{'usual week':>12}{'acute':>9}{'chronic':>9}{'ratio':>7}"
    for each in figures.top:
        usual = f"{each.usual_week_load:,.0f}" if each.usual_week_load is not None else "-"
        ratio = f"{each.ratio:.2f}" if each.ratio is not None else "-"
        yield f"{each.name:<24}{each.week_load:>12,.0f}{usual:>12}{each.acute:>9.1f}{each.chronic:>9.1f}{ratio:>7}"


def _member(figures: Figures) -> Iterator[str]:
    strength = figures.scores["strength"]
    if not strength or strength[0]["progress"] is None:
        return
    newest = strength[0]
    yield (
        f"{member_name(figures.gym.spiking)}, back squat: {newest['weight_kg']:g} kg × {newest['repetitions']}, "
        f"estimated 1RM {newest['estimate_kg']:.1f} kg, {newest['progress']:+.1%} on her own baseline"
    )


def _risks(figures: Figures) -> Iterator[str]:
    yield f"{'risks that stand':<24}{'figure':<26}{'value':>8} {'':<4}{'threshold':>10}  told on"
    spiking = member_id(figures.gym.spiking)
    # The longest stand first; those that the demo has just made are to be seen all the same.
    for each in sorted(figures.risks, key=lambda risk: risk["member_id"] != spiking)[:_RISKS]:
        told = each["alerted_on"] or "not yet"
        limit = f"{each['crossed_above']:g}" if each["crossed_above"] is not None else "-"
        yield f"{each['name']:<24}{each['title']:<26}{each['value']:>8.2f} {each['unit']:<4}{limit:>10}  {told}"
    if len(figures.risks) > _RISKS:
        yield f"and {len(figures.risks) - _RISKS} more"


def _feed(figures: Figures) -> Iterator[str]:
    yield f"Feed of {member_name(figures.gym.spiking)}, the newest first:"
    for each in figures.feed:
        yield f"  {each.at:%H:%M:%S}  {each.actor_name} {_told(each)}"


def _told(item: FeedItem) -> str:
    did = _DID[item.verb]
    if item.verb == "follow":
        return f"{did} {name_of(item.object_id)}"
    said = f": {item.comment_text}" if item.comment_text else ""
    kind = f" ({item.object_id})" if item.verb == "reaction" else ""
    return f"{did} “{item.post_text}”{kind}{said}"


def _waiting(figures: Figures) -> Iterator[str]:
    told = [f"{counted(each.actors, 'member')} ({each.verb})" for each in figures.digests]
    if told:
        yield f"What waits: a digest to {figures.digests[0].name}, of {', '.join(told)}. It is mailed when nothing new"
        yield "has come for some minutes, by a `groundwork up` that runs on this home."


def _where_to_look(figures: Figures) -> Iterator[str]:
    home = settings().home.resolve()
    yield "Where to look (the runs while `make up` runs):"
    for job in ("import-readings", "calculate-score", "alert-injury-risk", "fan-out-posts"):
        if url := figures.runs[job].url:
            yield f"  {job:<18}{url}"
    for figure, file in figures.alerts.items():
        yield f"  {figure + ' mail':<18}{file.resolve()}"
    if figures.chart:
        yield f"  {'its chart':<18}{figures.chart.resolve()}"
    yield f"  {'all mails':<18}{home / 'outbox'}"
    yield f"  {'logs':<18}{home / 'logs'}"
