"""What a storm came to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Report:
    """The figures of ``build/chaos.json``.

    Attributes:
        layout: on `one` machine or `two`.
        poison: events that were to end as dead letters, and alone; those that did not count as lost.
        left_behind: what was there when `up` had ended, and should not have been: claims, processes, temporary files.
        unfinished_files: half-written files in the stores' folders for them; a kill amid a write leaves one.
        recovery_p50_seconds: from a kill to the first step of the attempt after the one that it interrupted.
        recovery_seconds_by_fault: the same for each kind of kill that interrupted any: median, longest and how many.
        settle_seconds: from the end of the storm until everything had ended.
        mails: different ones, by Message-ID.
        mails_repeated: copies of these, sent again because the answer was lost.
    """

    seed: int
    minutes: float
    layout: str = "one"
    events: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    over_limit: int = 0
    poison: int = 0
    kills: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    recovery_p50_seconds: float | None = None
    recovery_longest_seconds: float | None = None
    recoveries: int = 0
    recovery_seconds_by_fault: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settle_seconds: float = 0.0
    runs: int = 0
    interrupted_runs: int = 0
    mails: int = 0
    mails_repeated: int = 0
    requests_resent: int = 0
    answers_lost: int = 0
    left_behind: Sequence[str] = ()
    unfinished_files: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.out_of_order or self.over_limit or self.left_behind)

    def write(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(self) | {"clean": self.clean}, indent=2) + "\n")

    def __str__(self) -> str:
        shown = {name: value for name, value in asdict(self).items() if name != "examples"}
        lines = [f"  {name:<26} {value}" for name, value in shown.items()]
        return "\n".join([*lines, *(f"  ! {each}" for each in self.examples)])
