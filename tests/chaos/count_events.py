"""Event types of the chaos suite. The application of tests/chaos/application.py has them."""

from groundwork.events.base import Event


class CountWanted(Event, name="chaos/count.wanted"):
    """Count a number, in any order."""

    number: int


class OrderedCountWanted(Event, name="chaos/ordered-count.wanted"):
    """Count a number, in order."""

    number: int


class BatchedCountWanted(Event, name="chaos/batched-count.wanted"):
    """Count a number, in order, together with others."""

    number: int


class PatientCountWanted(Event, name="chaos/patient-count.wanted"):
    """Count a number once one is told to."""

    number: int


class CountTold(Event, name="chaos/count.told"):
    """Count a number, and let the one who waits for it go on."""

    number: int


class CountWeighed(Event, name="chaos/count.weighed"):
    """Say what a number weighs."""

    number: int
