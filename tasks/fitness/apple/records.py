"""The records of a health export, one after another, in memory that does not grow with the file.

Apple's exports begin with a DTD of their own that declares elements and attributes, so a DTD alone is no attack. What
makes XML grow or read elsewhere is refused: entities, notations, default attributes, and a DTD from outside.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from groundwork.blocks.errors import NonRetriable

LONGEST_TOKEN = 1024 * 1024
"""Bytes of one tag or text: the parser holds it as a whole. Apple's are some hundred."""
DEEPEST = 30
"""Levels of elements. Apple has four."""
MOST_IN_DTD = 2_000
"""Declarations. Apple has about a hundred."""


@dataclass(frozen=True, slots=True)
class Record:
    """A ``<Record>``: attributes as they stand."""

    type: str
    unit: str
    source: str
    start: str
    end: str
    value: str


def read_records(blocks: Iterable[bytes], types: Iterable[str], take: Callable[[Record], None]) -> str | None:
    """Read the records of some types.

    Records within a ``<Correlation>`` stand on their own as well, and are left out there.

    Args:
        blocks: of the XML, of any length.
        types: such as HKQuantityTypeIdentifierRestingHeartRate; others are passed over.
        take: is called for each.

    Returns:
        When the export was made, as it says.

    Raises:
        NonRetriable: it is no XML or no health record, or holds what is refused.
    """
    reading = _Reading(frozenset(types), take)
    parser = expat.ParserCreate()
    parser.buffer_text = False
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler, parser.EndElementHandler = reading.begin, reading.end
    parser.StartDoctypeDeclHandler = reading.doctype
    parser.EntityDeclHandler = parser.NotationDeclHandler = parser.ExternalEntityRefHandler = _refuse
    parser.AttlistDeclHandler, parser.ElementDeclHandler = reading.attribute, reading.declaration
    fed = 0
    try:
        for block in blocks:
            parser.Parse(block, False)
            fed += len(block)
            if fed - max(parser.CurrentByteIndex, 0) > LONGEST_TOKEN:
                raise NonRetriable(f"The health record has a tag of more than {LONGEST_TOKEN:,} bytes.")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise NonRetriable(f"The health record is no XML: {error}. Export it again.") from None
    if not reading.is_health_data:
        raise NonRetriable("The XML is no health record: its first element is not HealthData.")
    return reading.made_at


class _Reading:
    def __init__(self, types: frozenset[str], take: Callable[[Record], None]) -> None:
        self._types, self._take = types, take
        self._depth = self._correlations = self._declared = 0
        self.is_health_data = False
        self.made_at: str | None = None

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.is_health_data = name == "HealthData"
        if self._depth > DEEPEST:
            raise NonRetriable(f"The health record has more than {DEEPEST} levels.")
        if name == "Correlation":
            self._correlations += 1
        elif name == "ExportDate":
            self.made_at = attributes.get("value")
        elif name == "Record" and not self._correlations and (kind := attributes.get("type")) in self._types:
            found = attributes.get
            self._take(
                Record(
                    str(kind),
                    found("unit", ""),
                    found("sourceName", ""),
                    found("startDate", ""),
                    found("endDate", ""),
                    found("value", ""),
                )
            )

    def end(self, name: str) -> None:
        self._depth -= 1
        if name == "Correlation":
            self._correlations -= 1

    def doctype(self, _name: str, system_id: str | None, public_id: str | None, _internal: bool) -> None:
        if system_id or public_id:
            _refuse()

    def declaration(self, *_declared: Any) -> None:
        self._declared += 1
        if self._declared > MOST_IN_DTD:
            _refuse()

    def attribute(self, *declared: Any) -> None:
        self.declaration()
        _element, _name, _type, default, _required = declared
        if default is not None:
            _refuse()


def _refuse(*_declared: Any) -> Any:
    raise NonRetriable(
        "The health record declares entities, default attributes or a DTD elsewhere, which exports of the Health app "
        "do not. Export it again."
    )
