"""The steps of an Apple Health import: read as a whole, stored some thousand readings at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.tasks.fitness.apple.archive import health_xml
from groundwork.tasks.fitness.apple.daily import TYPES, HealthDays, apple_moment
from groundwork.tasks.fitness.apple.records import read_records
from groundwork.tasks.fitness.connections.record import has_member
from groundwork.tasks.fitness.readings.reading import Reading, judge
from groundwork.tasks.fitness.readings.store import write_readings
from groundwork.tasks.step import step
from groundwork.tasks.workspace_blobs import own_key

AT_ONCE = 5_000
"""Readings of one step."""


@dataclass(frozen=True)
class HealthExport:
    """What an export holds.

    Attributes:
        records: of types that hold readings.
        refused: how many were not taken, by reason.
    """

    readings: list[Reading]
    records: int
    refused: dict[str, int]


@step(key=("event.blob",), retries=2)
def read_export(event: ReadingsFileUploaded) -> HealthExport:
    """Read an export into one value per day and metric.

    Raises:
        NonRetriable: it is no health export of a member of this workspace; the message says why.
        BlobMissing: there is no such file.
    """
    key = own_key(event.workspace_id, event.blob)
    if event.member_id is None:
        raise NonRetriable("member_id: say whose Apple Health export it is")
    with database().transaction() as connection:
        if not has_member(connection, event.workspace_id, event.member_id):
            raise NonRetriable(f"workspace {event.workspace_id} has no member {event.member_id}")
    now = datetime.now(UTC)
    days = HealthDays(now)
    size = blob_store().stat(key).size
    with blob_store().open(key) as stream:
        made_at = read_records(health_xml(stream, size), TYPES, days.take)
    judged = judge(days.readings(event.member_id, _version(made_at, now)), now)
    refused = dict(sorted(days.refused.items())) | dict.fromkeys(judged.refused[:20], 1)
    return HealthExport(judged.good, days.records, refused)


def store_all(event: ReadingsFileUploaded, export: HealthExport) -> int:
    """Store the readings, some thousand at a time. Returns how many rows were new or changed."""
    parts = range(0, len(export.readings), AT_ONCE)
    return sum(store_days(event, begin, export.readings[begin : begin + AT_ONCE]) for begin in parts)


@step(ledger=True, key=("begin",))
def store_days(connection: Connection, event: ReadingsFileUploaded, begin: int, readings: Sequence[Reading]) -> int:  # noqa: ARG001 - the key
    """Store some of the readings."""
    return write_readings(connection, event.workspace_id, readings)


def _version(made_at: str | None, now: datetime) -> datetime:
    """When the export was made, which orders exports of one person; by our clock where it does not say, or lies."""
    try:
        said = apple_moment(made_at or "")
    except ValueError:
        return now
    return min(said, now)
