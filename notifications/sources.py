"""Where the files of each notification are: a folder of its name among the templates of one application."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, TemplateNotFound

from groundwork.blocks.applications import Application, applications
from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.suggestions import did_you_mean

_SUBJECT = "/subject.txt.j2"
"""What makes a folder a notification."""


@dataclass(frozen=True, slots=True)
class Source:
    """The templates of an application."""

    application: str
    loader: PackageLoader

    def read(self, path: str) -> str | None:
        """What a file holds; None where there is none.

        Raises:
            ConfigurationError: it is not text in UTF-8.
        """
        try:
            return self.loader.get_source(Environment(autoescape=True), path)[0]
        except TemplateNotFound:
            return None
        except UnicodeDecodeError:
            raise ConfigurationError(f"application {self.application}: {path} is not UTF-8; save it anew") from None


@process_cache
def sources() -> Mapping[str, Source]:
    """Where each notification is, by its name.

    Raises:
        ConfigurationError: two applications have one of the same name, or one's templates cannot be found.
    """
    found: dict[str, Source] = {}
    for source in (_source(each, each.templates) for each in applications() if each.templates):
        for file in source.loader.list_templates():
            template = file.removesuffix(_SUBJECT)
            if template == file:
                continue
            other = found.setdefault(template, source)
            if other is not source:
                raise ConfigurationError(
                    f"two notifications are named {template!r}, of the applications {other.application} and "
                    f"{source.application}; rename the folder of one"
                )
    return MappingProxyType(dict(sorted(found.items())))


def source_of(template: str) -> Source:
    """Where a notification is.

    Raises:
        UnknownName: there is no such notification.
        ConfigurationError: as :func:`sources`.
    """
    found = sources()
    if template not in found:
        raise UnknownName(f"unknown notification {template!r}{did_you_mean(template, dict.fromkeys(found))}")
    return found[template]


def _source(application: Application, templates: str) -> Source:
    package, _, folder = templates.partition(":")
    try:
        return Source(application.name, PackageLoader(package, folder or "templates"))
    except (ImportError, ValueError) as error:
        raise ConfigurationError(f"application {application.name}: no templates in {templates}: {error}") from error
