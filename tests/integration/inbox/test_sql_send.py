"""``groundwork.send`` in PostgreSQL: what it writes, who may call it, and what becomes of a transaction that fails."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import Database
from groundwork.blocks.errors import UnknownName
from groundwork.events.inbox import send
from groundwork.events.inbox.event_types import register_event_types
from groundwork.events.inbox.senders import bind_sender, free_sender, senders
from groundwork.flows.flow_control import CancelOn, Idempotency, Lane, Priority, RateLimit
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar
from tests.integration.inbox.scored_leads import LeadLost, LeadScored, register, scored
from tests.waiting import wait_until

IMPORT = "import/csv.confirmed"
DATA = {"workspaceId": "acme", "userId": "ada", "importId": "import-1"}
LEAD = "test/lead.scored"


def lead(**fields: Any) -> dict[str, Any]:
    return {"workspaceId": "acme", "leadId": "ann"} | fields


def send_sql(db: Database, name: str, data: Any, **options: Any) -> UUID:
    """Send in a transaction of its own, as the owner of the database."""
    named = "".join(f", {option} => :{option}" for option in options)
    with db.transaction() as connection:
        statement = text(f"SELECT groundwork.send(:name, CAST(:data AS jsonb){named})")
        return connection.execute(statement, {"name": name, "data": json.dumps(data)} | options).scalar_one()


def refusal(db: Database, name: str, data: Any, **options: Any) -> Any:
    """What PostgreSQL says to something that is refused."""
    with pytest.raises(DBAPIError) as raised:
        send_sql(db, name, data, **options)
    return raised.value.orig.diag


@pytest.fixture
def leads(sql_send: Database) -> Database:
    """With the test's own event types, too."""
    with sql_send.transaction() as connection:
        register_event_types(connection, [LeadScored, LeadLost])
    return sql_send


class Sender:
    """A role of the server, and connections of its own."""

    def __init__(self, db: Database, name: str) -> None:
        self.db, self.name = db, name

    def connect(self) -> psycopg.Connection:
        url = self.db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(url)
        # As if it had logged in: the embedded server lets nobody in but its owner.
        connection.execute(f"SET SESSION AUTHORIZATION {self.name}")
        return connection

    def send(self, workspace: str = "acme") -> UUID:
        with self.connect() as connection:
            data = json.dumps(DATA | {"workspaceId": workspace})
            [found] = connection.execute("SELECT groundwork.send(%s, %s)", (IMPORT, data)).fetchone()
            return found


@pytest.fixture
def sender(sql_send: Database) -> Iterator[Sender]:
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("CREATE ROLE shop LOGIN")
        connection.exec_driver_sql("GRANT groundwork_sender TO shop")
    yield Sender(sql_send, "shop")
    # PostgreSQL removes what was temporary after the session has ended.
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'shop'::regrole AND deptype = 'o'"
    wait_until(lambda: scalar(sql_send, owned) == 0, 20)
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("DROP ROLE shop")


class TestWhatIsWritten:
    OWN = ("id", "event_id", "correlation_id", "dedupe_id", "occurred_at", "accepted_at", "sequence", "not_before")
    """Columns in which two events differ that were sent one after the other."""

    def rows(self, db: Database, event_id: UUID) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with db.transaction() as connection:
            event = dict(
                connection.execute(text("SELECT * FROM groundwork.event WHERE id = :id"), {"id": event_id})
                .mappings()
                .one()
            )
            statement = text("SELECT * FROM groundwork.delivery WHERE event_id = :id ORDER BY job")
            deliveries = [dict(each) for each in connection.execute(statement, {"id": event_id}).mappings()]
        assert event["correlation_id"] == event["id"]
        kept = [{key: value for key, value in each.items() if key not in self.OWN} for each in (event, *deliveries)]
        return kept[0], kept[1:]

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"lane": Lane(1, key="lead_id"), "priority_field": Priority("score")},
            {"rate_limit": RateLimit(limit=1, period=60, key="lead_id")},
        ],
        ids=["plain", "keys and priority", "rate limit"],
    )
    def test_it_is_what_python_writes(self, leads, options):
        register(leads, **options)
        ours = scored("ann", score=7, email="ann@example.com", source="groundwork")
        theirs = send_sql(leads, LEAD, lead(leadId="bob", score=7.0, email="ann@example.com"))
        again = scored("ann", score=7, email="ann@example.com", source="groundwork")
        theirs_again = send_sql(leads, LEAD, lead(leadId="bob", score=7.0, email="ann@example.com"))
        for python, sql in ((ours, theirs), (again, theirs_again)):
            found = json.loads(json.dumps(self.rows(leads, sql), default=str).replace("bob", "ann"))
            expected = json.loads(json.dumps(self.rows(leads, python), default=str))
            for rows in (found, expected):
                for delivery in rows[1]:
                    delivery.pop("settled_at")
            assert found == expected

    def test_ids_sort_by_time_and_are_of_version_7(self, sql_send):
        ids = [send_sql(sql_send, IMPORT, DATA) for _ in range(3)]
        assert [each.version for each in ids] == [7, 7, 7]
        age = datetime.now(UTC) - datetime.fromtimestamp((ids[0].int >> 80) / 1000, UTC)
        assert abs(age) < timedelta(minutes=1)

    def test_a_second_one_with_the_id_is_answered_with_the_first(self, sql_send):
        first = send_sql(sql_send, IMPORT, DATA, dedupe_id="order-1")
        assert send_sql(sql_send, IMPORT, DATA | {"importId": "other"}, dedupe_id="order-1") == first
        assert send(csv_import_confirmed(), dedupe_id="order-1") == first
        assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 1

    def test_by_an_alias_it_is_the_event_of_the_name(self, leads, monkeypatch):
        register(leads)
        monkeypatch.setattr(LeadScored, "aliases", ("LEAD_SCORED", "lead scored!"))
        with leads.transaction() as connection:
            register_event_types(connection, [LeadScored, LeadLost])
        first = send_sql(leads, "LEAD_SCORED", lead(), dedupe_id="ann-1")
        assert scalar(leads, "SELECT name FROM groundwork.event") == LEAD
        assert delivery_of(leads, first).job == "alert-agent"
        assert send_sql(leads, LEAD, lead(), dedupe_id="ann-1") == first
        many = json.dumps([{"name": "lead scored!", "data": lead(), "id": "ann-1"}])
        with leads.transaction() as connection:
            found = connection.execute(
                text("SELECT id FROM groundwork.send_many(CAST(:many AS jsonb))"), {"many": many}
            )
            assert found.scalar_one() == first
        refused = refusal(leads, "LEAD_SCORED", lead(score="x"))
        assert (refused.column_name, LEAD in refused.message_primary) == ("score", True)
        # Once the type has it no more.
        monkeypatch.setattr(LeadScored, "aliases", ())
        with leads.transaction() as connection:
            register_event_types(connection, [LeadScored, LeadLost])
        assert refusal(leads, "LEAD_SCORED", lead()).column_name == "name"

    def test_one_of_the_future_starts_then(self, sql_send):
        register_job(sql_send)
        later = datetime.now(UTC) + timedelta(hours=1)
        delivery = delivery_of(sql_send, send_sql(sql_send, IMPORT, DATA, occurred_at=later))
        assert (delivery.state, delivery.not_before) == ("scheduled", later)

    def test_it_cancels_what_it_should(self, leads):
        register(leads, cancel_on=CancelOn(event=LeadLost, key="lead_id"))
        event_id = scored("ann")
        send_sql(leads, "test/lead.lost", lead())
        assert delivery_of(leads, event_id).state == "cancelled"

    def test_an_idempotency_key_counts(self, leads):
        register(leads, idempotency=Idempotency(key="email"))
        first = scored("ann", email="x@example.com")
        second = delivery_of(leads, send_sql(leads, LEAD, lead(leadId="bob", email="x@example.com")))
        assert (second.state, second.superseded_by) == ("cancelled", delivery_of(leads, first).id)

    def test_relays_are_told_once_it_is_committed(self, sql_send):
        url = sql_send.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as listener:
            listener.execute("LISTEN groundwork_inbox")
            send_sql(sql_send, IMPORT, DATA)
            assert [each.channel for each in listener.notifies(timeout=5, stop_after=1)] == ["groundwork_inbox"]

    @pytest.mark.parametrize("interactive", [True, False])
    def test_relays_are_told_of_what_may_have_an_interactive_run(self, leads, interactive):
        register(leads, interactive=interactive)
        url = leads.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as listener:
            listener.execute("LISTEN groundwork_inbox")
            send_sql(leads, LEAD, lead())
            [notice] = listener.notifies(timeout=5, stop_after=1)
        assert notice.payload == ("interactive" if interactive else "")

    def test_a_transaction_that_rolls_back_sends_nothing(self, sql_send):
        with sql_send.engine.connect() as connection:
            connection.execute(
                text("SELECT groundwork.send(:name, CAST(:data AS jsonb))"), {"name": IMPORT, "data": json.dumps(DATA)}
            )
            connection.rollback()
        assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 0


class TestMany:
    def test_ten_thousand_rows_of_a_table_at_once(self, sql_send):
        register_job(sql_send)
        with sql_send.transaction() as connection:
            sent = connection.execute(
                text(
                    "SELECT groundwork.send('import/csv.confirmed', jsonb_build_object("
                    "'workspaceId', 'acme', 'userId', 'ada', 'importId', 'import-' || n))"
                    " FROM generate_series(1, 10000) AS n"
                )
            ).scalars()
            assert len(set(sent)) == 10_000
        assert scalar(sql_send, "SELECT count(*) FROM groundwork.delivery WHERE state = 'queued'") == 10_000

    def test_ten_thousand_in_one_call_keep_their_order(self, sql_send):
        register_job(sql_send)
        events = [{"name": IMPORT, "data": DATA | {"importId": f"import-{n}"}} for n in range(10_000)]
        found = self.send(sql_send, events)
        assert [each.place for each in found] == list(range(10_000))
        in_order = scalar(
            sql_send,
            "SELECT bool_and(data ->> 'importId' = 'import-' || place) FROM (SELECT data, row_number() OVER (ORDER BY"
            " sequence) - 1 AS place FROM groundwork.delivery JOIN groundwork.event ON event.id = event_id) AS each",
        )
        assert in_order

    def test_duplicates_are_answered_with_the_first(self, sql_send):
        event = {"name": IMPORT, "data": DATA, "id": "one", "ts": 1_700_000_000_000}
        first, second = self.send(sql_send, [event, event])
        assert (first.id, first.duplicate, second.duplicate) == (second.id, False, True)
        assert scalar(sql_send, "SELECT occurred_at FROM groundwork.event") == datetime.fromtimestamp(
            1_700_000_000, UTC
        )

    @pytest.mark.parametrize(
        ("event", "told"),
        [
            ({"name": IMPORT, "data": DATA | {"importId": "a/b"}}, "importId"),
            ({"name": IMPORT}, "data: an object is required"),
            ({"name": IMPORT, "data": DATA, "user": 1}, "unknown field user"),
            ({"name": IMPORT, "data": DATA, "ts": 1.5}, "ts: it should be a whole number"),
            ({"name": IMPORT, "data": DATA, "id": ""}, "dedupe_id"),
            ("event", "an event is an object"),
        ],
    )
    def test_one_that_is_wrong_is_named_and_none_is_sent(self, sql_send, event, told):
        with pytest.raises(DBAPIError, match=f"event 1: .*{told}"):
            self.send(sql_send, [{"name": IMPORT, "data": DATA}, event])
        assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 0

    def send(self, db: Database, events: Any) -> Any:
        with db.transaction() as connection:
            statement = text("SELECT * FROM groundwork.send_many(CAST(:events AS jsonb))")
            return connection.execute(statement, {"events": json.dumps(events)}).all()


class TestRefused:
    @pytest.mark.parametrize(
        ("data", "field", "reason"),
        [
            ({"workspaceId": "acme", "userId": "ada"}, "importId", "Field required"),
            (DATA | {"importId": 5}, "importId", "valid string"),
            (DATA | {"workspaceId": "a/b"}, "workspaceId", 'character 2 is "/"'),
            (DATA | {"workspaceId": "e\u0301"}, "workspaceId", "normal form C"),
            (DATA | {"import_id": "x"}, "import_id", "Extra inputs"),
            (DATA | {"options": {"onConflict": "merge"}}, "options.onConflict", "update"),
            (DATA | {"options": {"headerLine": 0}}, "options.headerLine", "greater than or equal to 1"),
            (DATA | {"options": {"headerLine": True}}, "options.headerLine", "another type"),
            (DATA | {"options": {"encoding": "x" * 41}}, "options.encoding", "at most 40"),
            (DATA | {"options": {"delimiter": "ab"}}, "options.delimiter", "pattern"),
            ([DATA], "", "valid dictionary"),
            (None, "", "valid dictionary"),
            (DATA | {"options": {"columns": {"A": {"__prefect_kind": "jinja"}}}}, "", "reserved"),
            (DATA | {"options": {"columns": {str(n): None for n in range(10_001)}}}, "", "10000 values"),
        ],
    )
    def test_the_field_and_the_reason_are_told(self, sql_send, data, field, reason):
        told = refusal(sql_send, IMPORT, data)
        assert (told.sqlstate, told.column_name or "") == ("22023", field)
        assert reason in told.message_primary
        assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 0

    def test_every_fault_is_told(self, sql_send):
        told = refusal(sql_send, IMPORT, {"importId": 5, "x": 1}).message_detail
        assert [line.partition(":")[0] for line in told.splitlines()] == ["userId", "importId", "workspaceId", "x"]

    @pytest.mark.parametrize("name", ["import/csv.confirm", "import_csv", "", "groundwork/failed.import.csv.confirmed"])
    def test_an_event_that_there_is_not(self, sql_send, name):
        told = refusal(sql_send, name, DATA)
        assert "there is no event" in told.message_primary
        assert (IMPORT in told.message_hint) == name.startswith("import/")

    @pytest.mark.parametrize("dedupe_id", ["", "x" * 256, "a\tb", "a\u200bb"])
    def test_an_id_that_python_refuses(self, sql_send, dedupe_id):
        assert refusal(sql_send, IMPORT, DATA, dedupe_id=dedupe_id).column_name == "dedupe_id"

    @pytest.mark.parametrize("when", ["infinity", "-infinity", "1979-12-31", "2100-01-01T00:00Z"])
    def test_a_time_that_is_none(self, sql_send, when):
        assert refusal(sql_send, IMPORT, DATA, occurred_at=when).column_name == "occurred_at"


class TestRights:
    def test_a_sender_sends_and_is_named_as_the_source(self, sender):
        event_id = sender.send()
        assert scalar(sender.db, "SELECT source FROM groundwork.event WHERE id = :id", id=event_id) == "shop"

    def test_it_can_do_nothing_else(self, sender):
        objects = (
            "SELECT c.oid, relname, CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END FROM pg_class AS c"
            " WHERE relnamespace IN ('groundwork'::regnamespace, 'app'::regnamespace) AND relkind IN ('r', 'S', 'v')"
        )
        functions = (
            "SELECT proname FROM pg_proc AS p WHERE pronamespace = 'groundwork'::regnamespace"
            " AND prorettype <> 'trigger'::regtype AND has_function_privilege('shop', p.oid, 'EXECUTE')"
        )
        rights = {
            "sequence": "USAGE, SELECT, UPDATE",
            "table": "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER",
        }
        with sender.db.transaction() as connection:
            for oid, name, kind in connection.exec_driver_sql(objects).all():
                asked = text(f"SELECT has_{kind}_privilege('shop', CAST(:oid AS oid), :rights)")
                assert not connection.execute(asked, {"oid": oid, "rights": rights[kind]}).scalar(), name
            may_call = set(connection.exec_driver_sql(functions).scalars())
        # The last three touch no table: they shorten keys, and make a list of errors longer, that they are given.
        assert may_call == {"send", "send_many", "bounded_key", "limit_keys", "with_error"}

    def test_another_role_may_not_send(self, sender):
        with sender.db.transaction() as connection:
            connection.exec_driver_sql("REVOKE groundwork_sender FROM shop")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sender.send()

    def test_one_that_is_bound_sends_for_its_workspaces_only(self, sender):
        with sender.db.transaction() as connection:
            bind_sender(connection, "shop", ["acme", "beta"])
        sender.send("acme")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="shop may not send for the workspace other"):
            sender.send("other")
        with sender.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match="event 1"):
            events = [{"name": IMPORT, "data": DATA | {"workspaceId": each}} for each in ("acme", "other")]
            connection.execute("SELECT groundwork.send_many(%s)", (json.dumps(events),))
        with sender.db.transaction() as connection:
            assert free_sender(connection, "shop")
        sender.send("other")

    def test_another_role_that_it_takes_does_not_free_it(self, sender):
        with sender.db.transaction() as connection:
            bind_sender(connection, "shop", ["acme"])
        with sender.connect() as connection:
            connection.execute("SET ROLE groundwork_sender")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(
                    "SELECT groundwork.send(%s, %s)", (IMPORT, json.dumps(DATA | {"workspaceId": "other"}))
                )

    def test_a_role_that_it_takes_binds_it_too(self, sql_send, sender):
        with sql_send.transaction() as connection:
            bind_sender(connection, "groundwork_sender", ["acme"])
        with sender.connect() as connection:
            connection.execute("SET ROLE groundwork_sender")
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the role groundwork_sender may not"):
                connection.execute(
                    "SELECT groundwork.send(%s, %s)", (IMPORT, json.dumps(DATA | {"workspaceId": "other"}))
                )

    def test_what_the_sender_puts_into_its_path_is_not_used(self, sender):
        with sender.db.transaction() as connection:
            connection.exec_driver_sql("CREATE SCHEMA trap AUTHORIZATION shop")
        try:
            with sender.connect() as connection:
                connection.execute("CREATE FUNCTION trap.length(text) RETURNS int LANGUAGE sql RETURN 1 / 0")
                connection.execute("CREATE FUNCTION pg_temp.length(text) RETURNS int LANGUAGE sql RETURN 1 / 0")
                connection.execute("CREATE TEMP TABLE event_type AS SELECT 'x' AS name")
                connection.execute("SET search_path = trap, pg_temp, pg_catalog, groundwork")
                connection.execute("SELECT groundwork.send(%s, %s)", (IMPORT, json.dumps(DATA)))
        finally:
            with sender.db.transaction() as connection:
                connection.exec_driver_sql("DROP SCHEMA trap CASCADE")

    def test_those_who_send_are_listed(self, sender):
        with sender.db.transaction() as connection:
            bind_sender(connection, "shop", ["acme"])
            [found] = [each for each in senders(connection) if each.role == "shop"]
            with pytest.raises(UnknownName, match="no role 'shopp'"):
                bind_sender(connection, "shopp", ["acme"])
        assert (found.may_send, found.workspaces) == (True, ["acme"])


def test_the_commands_bind_list_and_free_a_role(sender, home):
    from typer.testing import CliRunner

    from groundwork.deployments.cli import program

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(program(), ["senders", *arguments])
        return done.exit_code, done.output.strip()

    assert run("bind", "shop", "--workspace", "acme", "--workspace", "beta")[0] == 0
    assert run("list") == (0, "shop: acme, beta")
    assert run("bind", "shop", "--workspace", "a/b")[0] == 2
    assert run("free", "shop") == (0, "shop may send for every workspace")
    assert run("list") == (0, "shop: every workspace")
    assert run("free", "shop")[0] == 1
