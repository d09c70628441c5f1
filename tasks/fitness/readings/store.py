"""Where readings are kept: of each, the version that its provider made last."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.scoring import RiskCheckWanted
from groundwork.events.inbox import send
from groundwork.tasks.fitness.readings.metrics import RISKY
from groundwork.tasks.fitness.readings.reading import Reading

_SQL = Path(__file__).with_suffix(".sql")


def write_readings(connection: Connection, workspace_id: str, readings: Iterable[Reading]) -> int:
    """Write versions of readings; those that are not newer than what is stored change nothing.

    Whatever the order in which versions come, how often, and in which groups, the stored state is the same. Members of
    whom a change may mean a risk are to be looked at: that is sent in the transaction.

    Args:
        connection: in a transaction.
        workspace_id: whose members they are of. Members that it does not have are left out.
        readings: judged already.

    Returns:
        How many rows were new or changed.
    """
    rows = [_row(each) for each in readings]
    if not rows:
        return 0
    values = {"workspace_id": workspace_id, "rows": json.dumps(rows)}
    written = connection.execute(statement(_SQL, "write_readings"), values | {"risky": list(RISKY)}).one()
    if written.at_risk:
        check = RiskCheckWanted.model_validate({"workspace_id": workspace_id, "member_ids": written.at_risk})
        send(check, connection)
    return int(written.changed)


def _row(reading: Reading) -> dict[str, Any]:
    return {
        "member_id": reading.member_id,
        "source": reading.source,
        "metric": reading.metric,
        "external_id": reading.external_id,
        "day": reading.day.isoformat() if reading.day else None,
        "value": reading.value,
        "measured_at": reading.measured_at.isoformat() if reading.measured_at else None,
        "updated_at": reading.updated_at.isoformat(),
        "deleted": reading.deleted,
    }
