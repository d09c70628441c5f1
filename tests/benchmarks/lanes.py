"""The smallest jobs of each kind of lane: bulk, as runs of their own and light, interactive, and batched."""

from groundwork.events.base import Event
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.step import step


class BulkWanted(Event, name="benchmark/bulk.wanted"):
    number: int


class LightBulkWanted(Event, name="benchmark/light-bulk.wanted"):
    number: int


class AlertWanted(Event, name="benchmark/alert.wanted"):
    number: int


class BatchWanted(Event, name="benchmark/batch.wanted"):
    number: int


@step
def handle(number: int) -> int:
    return number


@job(on=BulkWanted, lane=100)
def bulk(event: BulkWanted) -> int:
    return handle(event.number)


@job(on=LightBulkWanted, lane=100, light=True)
def light_bulk(event: LightBulkWanted) -> int:
    return handle(event.number)


@job(on=AlertWanted, lane=1, interactive=True, priority=10)
def alert(event: AlertWanted) -> int:
    return handle(event.number)


@job(on=BatchWanted, lane=1, batch=Batch(size=100, wait=0.5))
def together(events: list[BatchWanted]) -> list[int]:
    """One step per event, all at once as far as Prefect's task runner lets them."""
    return handle.map([event.number for event in events]).result()
