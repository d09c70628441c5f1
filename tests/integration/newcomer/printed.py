"""What README.md and docs/*.md print for a newcomer to copy."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FOLLOWS = re.compile(r"\\\n\s*$")


@dataclass(frozen=True)
class Command:
    """A command as it is printed, and the lines that are printed as its answer."""

    text: str
    answer: str


def blocks(page: Path, language: str) -> list[str]:
    """The contents of a page's fenced blocks of one language, in order."""
    return [content for found, content in _BLOCK.findall(page.read_text()) if found == language]


def files(page: Path) -> dict[str, str]:
    """The code that a page gives a file for, by the path in its first line."""
    return {
        content.partition("\n")[0].removeprefix("# "): content
        for content in blocks(page, "python")
        if re.match(r"# [\w/]+\.py\n", content)
    }


def commands(block: str) -> list[Command]:
    """The commands of a console block. A quote that is open, or a backslash, carries a command to its next line."""
    found: list[list[str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:] + "\n", ""])
        elif _FOLLOWS.search(found[-1][0]) or found[-1][0].count("'") % 2:
            found[-1][0] += line + "\n"
        else:
            found[-1][1] += line
    return [Command(text.strip(), answer) for text, answer in found]


def fits(answer: str, printed: str) -> bool:
    """Whether an answer is the printed one, in which an ellipsis stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, printed.split("…"))), answer, re.DOTALL) is not None
