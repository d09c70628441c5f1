"""One stream of the logs of all parts for a person: whose line it is and what about, and errors by their own frames."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.blocks.words import counted
from groundwork.deployments.changed_code import is_installed

_LINE = re.compile(
    r"(?P<time>\d\d:\d\d:\d\d)(?:\.\d+)? (?:\| )?(?:(?P<part>[a-z]+) +)?(?P<level>[A-Z]+) *(?:\| )?"
    r"(?:(?P<kind>Flow|Task) run '(?P<name>[^']*)' - )?(?P<text>.*)"
)
"""A line of ours, or of Prefect's console."""
_BEGINS = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+(?:\| *)?File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_BETWEEN = ("During handling of the above exception", "The above exception was the direct cause")
_ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("flows", "tasks", "notifications")
"""Rooms of ours whose sub-folders are applications."""
_MOST_FRAMES = 20
"""Frames of a job's own, and lines of its message, that are shown of one error."""
_MOST_LINES = 2_000
"""Lines that are taken for one traceback at most: output that only looks like one is not to be kept back for ever."""
_COLOURS = {"time": "2", "part": "36", "job": "1", "WARNING": "33", "ERROR": "31", "CRITICAL": "31"}
_ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x9b]")


class Stream:
    """Makes lines for a person of what the parts log.

    Args:
        write: takes each line.
        colours: whether the lines go to a terminal that shows them.
    """

    def __init__(self, write: Callable[[str], None], *, colours: bool) -> None:
        self._write = write
        self._colours = colours
        self._errors: dict[str, list[str]] = {}

    def tell(self, part: str, line: str) -> None:
        """Take a line of a part's log."""
        line = _ESCAPES.sub("?", line)
        error = self._errors.get(part)
        # What an error says ends where its part says something new.
        if error is not None and len(error) < _MOST_LINES and not _LINE.fullmatch(line):
            error.append(line)
            return
        self.flush(part)
        if line.strip() == _BEGINS:
            self._errors[part] = [line]
            return
        self._write(self._told(part, line))

    def flush(self, part: str | None = None) -> None:
        """Tell what is kept back of a part, or of all of them: nothing more of it has come."""
        for name in [part] if part is not None else list(self._errors):
            if (error := self._errors.pop(name, None)) is not None:
                for line in told_error(error):
                    self._write(f"{self._part(name)} {self._in('ERROR', line)}")

    def _told(self, part: str, line: str) -> str:
        found = _LINE.fullmatch(line)
        if found is None:
            return f"{self._part(part)} {line}"
        text = found["text"]
        if found["kind"] == "Flow" and (about := _about(found["name"])):
            text = f"{self._in('job', about)}  {text}"
        elif found["name"]:
            text = f"{self._in('job', found['name'])}  {text}"
        if found["level"] in _COLOURS:
            text = self._in(found["level"], f"{found['level']} {text}")
        return f"{self._part(part)} {self._in('time', found['time'])} {text}"

    def _part(self, name: str) -> str:
        return self._in("part", f"{name:<9}|")

    def _in(self, what: str, text: str) -> str:
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self._colours else text


def told_error(lines: Sequence[str]) -> Iterator[str]:
    """A traceback with the error first, then the frames of the job's own code, then how many others there were."""
    blocks = _blocks(lines)
    message = blocks[-1].message
    yield from message[:1] if message else ["an error without a message"]
    yield from (f"  {each}" for each in message[1:_MOST_FRAMES])
    if len(message) > _MOST_FRAMES:
        yield f"  … {len(message) - _MOST_FRAMES} more lines: the part's log has them"
    own = [frame for block in blocks for frame in block.frames if is_own(frame.file)]
    for frame in own[-_MOST_FRAMES:]:
        yield f"  {frame.file}:{frame.line} in {frame.function}: {frame.code}".rstrip(": ")
    for block in blocks[:-1]:
        if block.message:
            yield f"  before it: {block.message[0]}"
    folded = sum(len(block.frames) for block in blocks) - len(own[-_MOST_FRAMES:])
    if folded:
        yield f"  … {counted(folded, 'frame')} of Prefect, Groundwork and libraries: the part's log has them"


@dataclass
class _Frame:
    file: str
    line: str
    function: str
    code: str = ""


@dataclass
class _Block:
    frames: list[_Frame]
    message: list[str]


def _blocks(lines: Sequence[str]) -> list[_Block]:
    blocks: list[_Block] = []
    for line in lines:
        if line.strip() == _BEGINS:
            blocks.append(_Block([], []))
        elif not blocks or line.startswith(_BETWEEN):
            continue
        elif found := _FRAME.match(line):
            blocks[-1].frames.append(_Frame(found["file"], found["line"], found["function"] or ""))
        elif line.startswith("    ") and not blocks[-1].message:
            frame = blocks[-1].frames[-1] if blocks[-1].frames else None
            if frame is not None and not frame.code and set(line.strip()) - set("^~ "):
                frame.code = line.strip()
        elif line.strip():
            blocks[-1].message.append(line)
    return blocks or [_Block([], list(lines))]


def is_own(file: str) -> bool:
    """Whether a file is an application's: not installed, and not of Groundwork's engine."""
    path = Path(file)
    if not path.is_absolute() or is_installed(path):
        return False
    if not path.is_relative_to(_ROOT):
        return True
    places = path.relative_to(_ROOT).parts
    return (places[0] in _ROOMS and len(places) > 2) or places[0] not in (
        "blocks", "deployments", "events", "flows", "notifications", "tasks",
    )  # fmt: skip


def _about(run: str) -> str | None:
    """``job workspace …short id`` of the name of a run of ours."""
    job, workspace, event, *rest = [*run.split("/"), "", ""][:4]
    return f"{job} {workspace} …{event[-6:]}" if workspace and event and not any(rest) else None
