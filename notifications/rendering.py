"""Templates made into subject, text and HTML.

A notification is a folder among an application's templates: ``subject.txt.j2``, ``body.txt.j2`` and
``body.html.j2``, the bodies extending ``base.txt.j2`` and ``base.html.j2``. HTML is escaped, text is not. A value that
a template wants and does not get is an error, never an empty place.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mail.headers import clean
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.words import counted
from groundwork.notifications.image import InlineImage
from groundwork.notifications.local import Local
from groundwork.notifications.sources import Source, source_of, sources

LONGEST_HTML = 100_000
"""Bytes. Gmail cuts what is longer than 102 kB, and with it the link at the end."""
LONGEST_URL = 4_000
"""Characters of a link. A link that is cut leads nowhere."""
_LOCAL = "groundwork_local"
_LIMITS = ((500, 50), (150, 20), (50, 10))
"""Characters of a text, and entries of a list, that a template shows; the next ones where a mail is too long."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notification's words and pictures, for one person."""

    subject: str
    text: str
    html: str
    images: tuple[InlineImage, ...] = ()


def render(template: str, *, unsubscribe_url: str | None = None, local: Local | None = None, **values: Any) -> Rendered:
    """A notification with its values filled in.

    Args:
        template: name of its folder, such as ``import_finished``.
        unsubscribe_url: where the person turns such mails off; None where they cannot.
        local: how dates and numbers are written; None for the default.
        values: what the template shows; its first lines say which. Texts become one line without control characters,
            and are cut like long lists. An :class:`InlineImage` among them becomes part of the message.

    Raises:
        UnknownName: there is no such notification.
        ConfigurationError: two applications have a notification of the same name.
        jinja2.UndefinedError: a value is missing; the message names it.
    """
    environment = _environment(source_of(template))
    given = {"unsubscribe_url": unsubscribe_url, _LOCAL: local or Local()}
    for limits in _LIMITS:
        tidy = {name: _tidy(value, limits) for name, value in values.items()}
        subject, text, html = (
            environment.get_template(f"{template}/{part}.j2").render(tidy | given)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        if len(html.encode(errors="replace")) <= LONGEST_HTML:
            break
    images = tuple(each for each in values.values() if isinstance(each, InlineImage))
    return Rendered(" ".join(subject.split()), text.strip() + "\n", html, images)


def preload_templates() -> None:
    """Compile every notification's templates, in a worker, before its runs are forked. One that is wrong fails the job
    that sends it, and no other."""
    with suppress(ConfigurationError):
        for source in set(sources().values()):
            environment = _environment(source)
            for name in environment.list_templates(extensions=["j2"]):
                with suppress(TemplateError, UnicodeDecodeError):
                    environment.get_template(name)


def _tidy(value: Any, limits: tuple[int, int]) -> Any:
    """A value as a mail may show it: texts on one line, without characters that are not seen or turn the writing
    around; texts and lists cut."""
    longest, most = limits
    if isinstance(value, str):
        return clean(value, LONGEST_URL if value.startswith(("https://", "http://")) else longest)
    if isinstance(value, Mapping):
        return {_tidy(name, limits): _tidy(each, limits) for name, each in list(value.items())[:most]}
    if isinstance(value, list | tuple):
        return [_tidy(each, limits) for each in value[:most]]
    return value


def templates() -> list[str]:
    """The names of all notifications.

    Raises:
        ConfigurationError: two applications have a notification of the same name.
    """
    return list(sources())


def sample(template: str) -> dict[str, Any] | None:
    """What ``sample.json`` beside a template holds; None where there is none.

    Raises:
        UnknownName: there is no such notification.
    """
    text = source_of(template).read(f"{template}/sample.json")
    if text is None:
        return None
    values: dict[str, Any] = json.loads(text)
    return values


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``2 min 5 s``, ``3 h 20 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def change(share: float, local: Local | None = None) -> str:
    """``+12 %``, ``−40 %``, ``±0 %``; three times as much is ``+200 %``."""
    percent = round(share * 100)
    sign = "+" if percent > 0 else "−" if percent < 0 else "±"
    return f"{sign}{(local or Local()).number(abs(percent))} %"


@pass_context
def _number(context: Context, value: float) -> str:
    return _local(context).number(value)


@pass_context
def _counted(context: Context, number: int, one: str, many: str | None = None) -> str:
    noun = counted(number, one, many).partition(" ")[2]
    return f"{_local(context).number(number)} {noun}"


@pass_context
def _change(context: Context, share: float) -> str:
    return change(share, _local(context))


@pass_context
def _day(context: Context, value: date | str, *, with_year: bool = True) -> str:
    return _local(context).day(value, with_year=with_year)


@pass_context
def _moment(context: Context, value: datetime | str) -> str:
    return _local(context).moment(value)


def _local(context: Context) -> Local:
    # A file that is imported has no context.
    local: Local | None = context.get(_LOCAL)
    return local or Local()


@process_cache
def _environment(source: Source) -> Environment:
    """One of each application: a base of its own, or a file that its templates include, is nobody else's."""
    environment = Environment(
        loader=ChoiceLoader([source.loader, PackageLoader("groundwork.notifications")]),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=_number, counted=_counted, duration=duration, change=_change, day=_day, moment=_moment
    )
    return environment
