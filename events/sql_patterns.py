"""Regular expressions as PostgreSQL reads them: what they match there, Pydantic's engine and Python's match too.

Where the engines differ, the narrower meaning is taken (``\\d`` is ``0`` to ``9``), and what has no counterpart is not
translated.
"""

import re

_QUANTIFIER = re.compile(r"[*+?]|\{(\d+)(?:,(\d*))?\}")
_MOST_REPEATS = 255
"""PostgreSQL's own limit."""
_CLASSES = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": ((0x09, 0x0D), (0x20, 0x20)),
}
_CONTROLS = {"n": 0x0A, "t": 0x09, "r": 0x0D, "f": 0x0C, "v": 0x0B}
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}

_Ranges = list[tuple[int, int]]


class Untranslatable(ValueError):
    """PostgreSQL has no expression of this meaning."""


def postgres_pattern(pattern: str) -> str:
    """A regular expression of Rust or Python as an advanced one of PostgreSQL.

    Raises:
        Untranslatable: the message says what it has.
    """
    return f"***:{_Reading(pattern).translated()}"


class _Reading:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def translated(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            parts.append(self._atom())
            if quantifier := _QUANTIFIER.match(self._text, self._at):
                parts.append(self._repeated(quantifier))
        return "".join(parts)

    def _atom(self) -> str:
        character = self._next()
        match character:
            case "\\":
                return _bracket(self._escape())
            case "[":
                return self._class()
            case ".":
                return r"[^\n]"
            case "(":
                return self._group()
            case ")" | "|" | "^" | "$":
                return character
            case "*" | "+" | "?" | "{":
                raise Untranslatable(f"{character!r} repeats nothing")
        return _bracket([(ord(character), ord(character))])

    def _group(self) -> str:
        if self._text.startswith("?", self._at):
            named = re.compile(r"\?(?:P?<[A-Za-z_]\w*>|:)").match(self._text, self._at)
            if named is None:
                raise Untranslatable("a group with (?")
            self._at = named.end()
        return "(?:"

    def _repeated(self, quantifier: re.Match[str]) -> str:
        self._at = quantifier.end()
        if self._text.startswith("+", self._at):
            raise Untranslatable("a possessive quantifier")
        if self._text.startswith("?", self._at):  # lazy: it matches the same texts
            self._at += 1
        if _QUANTIFIER.match(self._text, self._at):
            raise Untranslatable("a quantifier of a quantifier")
        if any(int(number) > _MOST_REPEATS for number in quantifier.groups() if number):
            raise Untranslatable(f"more than {_MOST_REPEATS} repeats")
        return quantifier[0]

    def _class(self) -> str:
        negated = self._text.startswith("^", self._at)
        self._at += negated
        ranges: _Ranges = []
        while (character := self._next()) != "]" or not ranges:
            if character == "[" or self._text[self._at - 1 : self._at + 1] in ("&&", "--", "~~", "||"):
                raise Untranslatable("a class within a class")
            first = self._element(character, negated)
            if len(first) == 1 and self._is_range():
                self._at += 1
                last = self._element(self._next(), negated)
                if len(last) != 1 or first[0][0] != first[0][1] or last[0][0] < first[0][0]:
                    raise Untranslatable("a range of classes")
                first = [(first[0][0], last[0][1])]
            ranges += first
        return _bracket(ranges, negated=negated)

    def _is_range(self) -> bool:
        return self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in ("]", "")

    def _element(self, character: str, negated: bool) -> _Ranges:
        if character != "\\":
            return [(ord(character), ord(character))]
        if negated and self._text[self._at : self._at + 1] in _CLASSES:
            raise Untranslatable("what is no digit, letter or space of any script")
        return self._escape()

    def _escape(self) -> _Ranges:
        character = self._next()
        if character in _CLASSES:
            return list(_CLASSES[character])
        if character in _CONTROLS:
            point = _CONTROLS[character]
        elif character in _HEXADECIMAL:
            digits = self._text[self._at : self._at + _HEXADECIMAL[character]]
            if not re.fullmatch(r"[0-9a-fA-F]+", digits) or len(digits) < _HEXADECIMAL[character]:
                raise Untranslatable(f"\\{character} without its digits")
            self._at += len(digits)
            point = int(digits, 16)
        elif character.isalnum() or not character.isascii():
            raise Untranslatable(f"\\{character}")
        else:
            point = ord(character)
        return [(point, point)]

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise Untranslatable("an end that is missing")
        self._at += 1
        return self._text[self._at - 1]


def _bracket(ranges: _Ranges, *, negated: bool = False) -> str:
    """A class of code points. NUL is in no text of PostgreSQL, which cannot name it either."""
    kept = [(max(first, 1), last) for first, last in ranges if last]
    if not kept:
        raise Untranslatable("the character NUL")
    if not negated and len(kept) == 1 and kept[0][0] == kept[0][1]:
        return _named(kept[0][0])
    body = "".join(_named(a) if a == b else f"{_named(a)}-{_named(b)}" for a, b in kept)
    return f"[{'^' if negated else ''}{body}]"


def _named(point: int) -> str:
    if point < 0x80 and chr(point).isalnum():
        return chr(point)
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"
