"""A reader of mails that shares no code with their writer: fields by their lines, words as RFC 2047 says."""

import re
from dataclasses import dataclass
from email.header import decode_header, make_header

_MAILBOX = re.compile(r"(?P<name>.*?) ?<(?P<address>[^<>]*)>|(?P<alone>[^<>\s]+)")


@dataclass(frozen=True)
class ReadMail:
    """A mail as its bytes say.

    Attributes:
        fields: name and unfolded value of each, in order.
        body: what follows the first empty line.
    """

    fields: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> "ReadMail":
        head, _, body = data.partition(b"\r\n\r\n")
        assert re.fullmatch(rb"(?:[\x20-\x7e]|\r\n)*", head), f"a header has other bytes than printable ASCII: {head!r}"
        assert max(map(len, head.split(b"\r\n"))) <= 998
        unfolded = re.sub(r"\r\n(?=[ \t])", "", head.decode("ascii"))
        return cls([tuple(line.split(": ", 1)) for line in unfolded.split("\r\n")], body)  # type: ignore[misc]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.fields]

    def words(self, field: str) -> str:
        """A field's text, decoded once."""
        return _decoded(dict(self.fields)[field])

    def mailbox(self, field: str) -> tuple[str, str]:
        """Name and address of a field that must hold one."""
        value = dict(self.fields)[field]
        found = _MAILBOX.fullmatch(value)
        assert found, f"not one mailbox: {value!r}"
        if found["alone"]:
            return "", found["alone"]
        name = found["name"]
        if name.startswith('"'):
            assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', name), f"not one quoted string: {name!r}"
            assert "=?" not in name, "some programs decode what is in quotes"
            return re.sub(r"\\(.)", r"\1", name[1:-1]), found["address"]
        if "=?" not in name:
            assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", name), f"needs quotes: {name!r}"
        return _decoded(name), found["address"]


def _decoded(value: str) -> str:
    for word in value.split(" "):
        assert not word.startswith("=?") or len(word) <= 75
    return str(make_header(decode_header(value)))
