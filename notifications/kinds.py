"""Kinds of mail, which a person turns off and on: ``kind.txt`` beside the templates says of which kind a mail is.

Its first line is the kind's name, which the rows of ``app.notification_setting`` have; the second its words, as they go
on after "you will not get"; any further line a name that the kind had before, which links in old mails still hold.
Templates of one application may share a kind. A template without the file is a mail that nobody can turn off.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache
from groundwork.notifications.sources import Source, source_of, sources

FILE = "kind.txt"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a person turns off.

    Attributes:
        name: in the settings' rows and in links.
        words: what people call it, such as "the weekly digest".
        former: names that links in old mails hold.
    """

    name: str
    words: str
    former: tuple[str, ...] = ()


def kind_of(template: str) -> Kind | None:
    """The kind of a notification; None for one that nobody can turn off.

    Raises:
        UnknownName: there is no such notification.
        ConfigurationError: as :func:`kinds`.
    """
    source_of(template)
    return _by_template().get(template)


def kinds() -> Mapping[str, Kind]:
    """Every kind of mail, by its name.

    Raises:
        ConfigurationError: a ``kind.txt`` is not as it should be, or two that name one kind do not agree, or are of
            two applications.
    """
    return MappingProxyType({kind.name: kind for kind in _by_template().values()})


def kind_named(name: str) -> Kind | None:
    """The kind that has a name, or had it before; None where there is none.

    Raises:
        ConfigurationError: as :func:`kinds`.
    """
    found = kinds()
    return found.get(name) or next((kind for kind in found.values() if name in kind.former), None)


@process_cache
def _by_template() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    named: dict[str, tuple[str, Source, Kind]] = {}
    for template, source in sources().items():
        kind = _read(template, source)
        if kind is None:
            continue
        found[template] = kind
        for name in (kind.name, *kind.former):
            other_template, other_source, other = named.setdefault(name, (template, source, kind))
            if other_source is not source or other != kind:
                raise ConfigurationError(
                    f"two kinds of mail are named {name!r}, by {FILE} of {other_template!r} (application "
                    f"{other_source.application}) and of {template!r} (application {source.application}); give one "
                    "another name, or within one application both the same lines"
                )
    return found


def _read(template: str, source: Source) -> Kind | None:
    text = source.read(f"{template}/{FILE}")
    if text is None:
        return None
    name, words, *former = [line.strip() for line in [*text.strip().splitlines(), "", ""]]
    former = [each for each in former if each]
    if not words or not all(_NAME.fullmatch(each) for each in (name, *former)):
        raise ConfigurationError(
            f"application {source.application}: {template}/{FILE} has to hold the kind's name (a to z, 0 to 9, - and "
            "_), and on its second line the words for it, such as: the weekly digest"
        )
    return Kind(name, words, tuple(former))
