"""Steps that crm has, as the other module has its own of the same names."""

from pathlib import Path

from sqlalchemy import Connection, text

from groundwork.events.base import Event
from groundwork.events.inbox import running_attempt, send
from groundwork.tasks.step import step
from tests.integration.jobs.namesakes.events import Told


@step(retries=0)
def load(folder: str) -> str:
    with (Path(folder) / "executions").open("a") as log:
        log.write("crm.load\n")
    return "crm"


@step(ledger=True, retries=0)
def put(connection: Connection) -> str:
    connection.execute(text("INSERT INTO points VALUES ('crm', 1)"))
    return "crm"


@step(retries=0)
def tell(number: int) -> None:
    event: Event = Told(workspace_id=running_attempt().event.workspace_id, number=number)
    send(event)
