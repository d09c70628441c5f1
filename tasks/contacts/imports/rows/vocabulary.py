"""The vocabulary: what headers are called, read from ``vocabulary.toml``, and how they are compared."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.blocks.process_cache import process_cache
from groundwork.events.contacts.columns import CUSTOM_PREFIX
from groundwork.events.contacts.imports import FIELDS

_FILE = Path(__file__).with_suffix(".toml")
_PARTS = re.compile(r"[^\W_]+")
_IGNORED_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_BETWEEN_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Meaning:
    """What a header means.

    Attributes:
        column: one of ours, or ``full_name``.
        vague: whether it counts only where the file has no clearer column for the same.
    """

    column: str
    vague: bool = False


def words_of(text: str) -> list[str]:
    """The words by which headers are compared: no accents, case, punctuation, invisible characters, numbers."""
    plain = unicodedata.normalize("NFKD", _BETWEEN_CASES.sub(" ", text))
    kept = "".join(
        each for each in plain if unicodedata.category(each) not in ("Mn", "Cf", "Cc") or each in "\t\n\r\v\f"
    )
    return [
        word
        for part in _PARTS.findall(kept.casefold().translate(_IGNORED_LETTERS))
        if (word := part.strip("0123456789"))
    ]


def meaning_of(header: str) -> Meaning | None:
    """Our column for a header by itself; None where it is none of ours.

    ``custom.email`` is a custom field, whatever it is called.
    """
    if header.strip().lower().startswith(CUSTOM_PREFIX):
        return None
    return _meaning(tuple(words_of(header)))


def is_known_header(header: str) -> bool:
    """Whether a text is a header of a contact's column."""
    return meaning_of(header) is not None


def is_email_header(header: str) -> bool:
    """Whether a column with this header holds e-mail addresses, as far as its name goes."""
    meaning = meaning_of(header)
    return meaning is not None and meaning.column == "email"


def depending_meaning(header: str, columns: set[str | None], words_beside: set[str]) -> str | None:
    """What a header means beside other columns, for the words that depend on them; None for all others.

    Args:
        header: as in the file.
        columns: what the other headers mean.
        words_beside: the other headers, as joined words.
    """
    word = "".join(words_of(header))
    for each in _table()["depends"]:
        if word in each["words"]:
            beside = each["beside"] in columns and (
                "beside_words" not in each or bool(words_beside.intersection(each["beside_words"]))
            )
            return str(each["means"] if beside and each["means"] not in columns else each["alone"])
    return None


def languages_of(headers: Iterable[str]) -> set[str]:
    """Codes of the languages that headers may be of. What is an English word as well tells nothing."""
    spoken = [_table()["languages"].get(_joined(header), set()) for header in headers]
    return {language for each in spoken if "en" not in each for language in each}


def is_courtesy(text: str) -> bool:
    """Whether a cell is a form of address, such as Ms or Herr."""
    return " ".join(words_of(text)) in _table()["courtesy"]


def totals() -> frozenset[str]:
    """First words of lines that add up a report, as joined words."""
    return frozenset(_table()["totals"])


def legal_notes() -> tuple[str, ...]:
    """Beginnings of legal footers, in lower case."""
    return tuple(_table()["legal"])


def accepted_words(column: str) -> list[str]:
    """Some headers that are taken for a column, for messages."""
    return list(_table()["examples"][column])


def preload() -> None:
    """Read the words: in a worker, before its runs are forked."""
    _table()


@process_cache
def _meaning(words: tuple[str, ...]) -> Meaning | None:
    table = _table()
    if "".join(words) in table["none"]:
        return None
    for first in range(len(words)):
        if first and words[first - 1] not in table["kinds"]:
            break
        for last in range(len(words), first, -1):
            if last < len(words) and words[last] not in table["kinds"]:
                break
            if found := table["columns"].get("".join(words[first:last])):
                return Meaning(*found)
    return None


@process_cache
def _table() -> dict[str, Any]:
    source = tomllib.loads(_FILE.read_text())
    columns: dict[str, tuple[str, bool]] = {}
    languages: dict[str, set[str]] = {}
    examples: dict[str, list[str]] = {}
    for column, words in source["vague"].items():
        columns |= {_joined(word): (column, True) for word in words}
    for each in source["depends"]:
        columns |= {_joined(word): (each["alone"], False) for word in each["words"]}
    for column in FIELDS:
        synonyms = [column, *(word for words in source[column].values() for word in words)]
        examples[column] = source[column]["en"]
        for language, words in source[column].items():
            for word in words:
                languages.setdefault(_joined(word), set()).add(language)
        columns |= {_joined(word): (column, False) for word in synonyms}
    for column, words in source["vague"].items():
        columns |= {_joined(word): (column, True) for word in words}
    return {
        "columns": columns,
        "examples": examples,
        "languages": languages,
        "none": {_joined(word) for words in source["none"].values() for word in words},
        "kinds": {word for words in source["kinds"].values() for word in words},
        "depends": [
            each | {key: [_joined(word) for word in each[key]] for key in ("words", "beside_words") if key in each}
            for each in source["depends"]
        ],
        "courtesy": {" ".join(words_of(word)) for word in source["courtesy"]["words"]},
        "totals": {_joined(word) for word in source["not_a_row"]["totals"]},
        "legal": [word.casefold() for word in source["not_a_row"]["legal"]],
    }


def _joined(text: str) -> str:
    return "".join(words_of(text))
