"""Excel's first line ``sep=;``, which names the delimiter."""

import re

_LINE = re.compile(rb'"?sep=(?P<delimiter>[^\r\n"]|\\t)"?[,;\t| ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_BEFORE = re.compile(rb"(?:\xef\xbb\xbf|[\r\n])*")


def declared_delimiter(sample: bytes) -> tuple[str | None, int]:
    """The delimiter that the first line names, and where what follows begins.

    Args:
        sample: UTF-8, from the start of the file.

    Returns:
        None where the first line names none; the place is behind byte order marks and blank lines then.
    """
    before = _BEFORE.match(sample)
    start = before.end() if before else 0
    line = _LINE.match(sample, start)
    if line is None:
        return None, start
    named = line["delimiter"]
    after = _BEFORE.match(sample, line.end())
    end = after.end() if after else line.end()
    if named == b"\\t":
        return "\t", end
    # A byte beyond ASCII is half a character; the line is passed over all the same.
    return (named.decode() if named.isascii() and named not in b'"\r\n' else None), end
