"""What the steps of both modules send."""

from groundwork.events.base import Event


class Told(Event, name="test/namesakes.told"):
    number: int
