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
