"""Event types of the chaos suite. The application of tests/chaos/application.py has them."""

from typing import Literal, Self

from pydantic import ValidationInfo, model_validator

from groundwork.events.base import Event
from groundwork.events.identifiers import is_stored

Spoilt = Literal["misfit", "refused", "unstorable"]
"""What is wrong with an event: stored, it does not fit its type; its job refuses it; its outcome cannot be kept."""


class CountWanted(Event, name="chaos/count.wanted"):
    """Count a number, in any order."""

    number: int
    spoilt: Spoilt | None = None


class OrderedCountWanted(Event, name="chaos/ordered-count.wanted"):
    """Count a number, in order."""

    number: int


class BatchedCountWanted(Event, name="chaos/batched-count.wanted"):
    """Count a number, in order, together with others."""

    number: int
    spoilt: Spoilt | None = None

    @model_validator(mode="after")
    def _refuse_misfits_once_they_are_stored(self, info: ValidationInfo) -> Self:
        if self.spoilt == "misfit" and is_stored(info):
            raise ValueError("younger code takes no such number")
        return self


class PatientCountWanted(Event, name="chaos/patient-count.wanted"):
    """Count a number once one is told to."""

    number: int


class CountTold(Event, name="chaos/count.told"):
    """Count a number, and let the one who waits for it go on."""

    number: int


class CountWeighed(Event, name="chaos/count.weighed"):
    """Say what a number weighs."""

    number: int


class CrashWanted(Event, name="chaos/crash.wanted"):
    """Have the process end that takes this on, each time."""

    number: int
