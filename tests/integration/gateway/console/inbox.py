"""An inbox in which something of every kind has happened."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from pydantic import Field

from groundwork.blocks.database import Database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run, claim
from tests.factories import csv_import_confirmed, delivery_of, register_job, send_many

EVIL = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
TOKEN = "token-that-nobody-is-shown"
JOB, KEEP = "process-csv", "keep-account"


class AccountLinked(Event, name="console/account.linked"):
    """A person linked an account."""

    account: str = Field(description="Which.")
    token: str = Field(description="What the provider gave.", json_schema_extra={"secret": True})
    note: str = ""


@dataclass(frozen=True)
class Inbox:
    """Its events by what became of them."""

    done: UUID
    dead: list[UUID]
    evil: UUID
    waiting: UUID


def fill(db: Database) -> Inbox:
    """Two jobs, two workspaces: of acme something is done, dead and waits; of bolt something is dead and waits."""
    register_job(db, JOB, lane=10)
    register_job(db, KEEP, AccountLinked.event_name)
    with db.transaction() as connection:
        done = send(csv_import_confirmed("one"), connection)
        dead = [send(csv_import_confirmed(f"dead-{each}", each), connection) for each in ("acme", "acme", "bolt")]
        linked = AccountLinked(workspace_id=WorkspaceId("acme"), account="oura", token=TOKEN, note=EVIL)
        evil = send(linked, connection)
    admit(10)
    for number, each in enumerate(dead):
        _claimed(db, each).fail(ValueError(f"no file {number} of {uuid4()}"))
    _claimed(db, done).settle({"rows": 3})
    _claimed(db, evil).fail(ValueError(EVIL))
    send_many(db, "bolt", 12)
    with db.transaction() as connection:
        waiting = send(csv_import_confirmed("waits"), connection)
    return Inbox(done, dead, evil, waiting)


def _claimed(db: Database, event_id: UUID):
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=uuid4()))
    assert attempt is not None
    return attempt
