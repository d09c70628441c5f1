"""Light jobs of one and of five steps that do nothing, an interactive one, and an ordinary one beside them."""

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step


class LightOneWanted(Event, name="benchmark/light-one.wanted"):
    number: int


class LightFiveWanted(Event, name="benchmark/light-five.wanted"):
    number: int


class LightAlertWanted(Event, name="benchmark/light-alert.wanted"):
    number: int


class OrdinaryOneWanted(Event, name="benchmark/ordinary-one.wanted"):
    number: int


@step
def small(number: int, part: int) -> int:
    return number + part


@job(on=LightOneWanted, light=True)
def light_one(event: LightOneWanted) -> int:
    return small(event.number, 0)


@job(on=LightFiveWanted, light=True)
def light_five(event: LightFiveWanted) -> int:
    return sum(small(event.number, part) for part in range(5))


@job(on=LightAlertWanted, light=True, lane=10, interactive=True)
def light_alert_one(event: LightAlertWanted) -> int:
    return small(event.number, 0)


@job(on=OrdinaryOneWanted)
def ordinary_one(event: OrdinaryOneWanted) -> int:
    return small(event.number, 0)
