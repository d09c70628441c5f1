"""What one look came to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from groundwork.blocks.cures import cure_of

Verdict = Literal["ok", "mind", "fails"]


@dataclass(frozen=True)
class Finding:
    """What one thing came to.

    Attributes:
        area: what it is about.
        verdict: ok; mind: it works, and a person should know; fails: something does not work, or will not.
        text: what was found, and the cure where there is something to cure.
    """

    area: str
    verdict: Verdict
    text: str


Look = Callable[[], Iterator[Finding]]


def guarded(area: str, look: Look) -> Iterator[Finding]:
    """The findings of a look; an error ends it, and is one."""
    try:
        yield from look()
    except Exception as error:
        yield Finding(area, "fails", f"{cure_of(error, f'looking at {area}').text}.")
