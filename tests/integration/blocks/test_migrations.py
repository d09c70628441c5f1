"""The migrations make the schema that the tables describe, once, whoever asks."""

import threading
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from groundwork.blocks.migrations import ahead, behind, upgrade, upgrade_branch
from groundwork.blocks.migrations.branches import ENGINE
from groundwork.blocks.schema import with_applications


@pytest.fixture
def engine(postgres, request) -> Iterator[Engine]:
    """An empty database of this test's own."""
    name = f"migrations_{abs(hash(request.node.name))}"
    postgres.create_database(name)
    engine = create_engine(postgres.url(name))
    yield engine
    engine.dispose()


def migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection)


def test_the_migrations_add_up_to_the_tables(engine):
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: (
                    name in ("groundwork", "app", "fitness", "nurture")
                    if kind == "schema"
                    else not str(name).startswith("migration")
                ),
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, with_applications()) == []
        assert behind(connection) is None


def test_a_second_upgrade_changes_nothing(engine):
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO app.app_user (id, workspace_id, email) VALUES ('u', 'w', 'e@example.com')")
        )
    migrate(engine)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM app.app_user")).scalar_one() == 1


def test_a_schema_that_a_newer_release_has_brought_further_stays_so_and_is_good_enough(engine, caplog):
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE groundwork.migration SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE groundwork.event ADD COLUMN of_later text"))
    migrate(engine)
    with engine.begin() as connection:
        assert behind(connection) is None
        assert ahead(connection) == caplog.messages[-1]
        assert connection.execute(text("SELECT version_num FROM groundwork.migration")).scalar_one() == "9999"
    assert "is at revision 9999, to which a newer release has brought it" in caplog.messages[-1]


def test_a_schema_at_an_earlier_revision_is_behind(engine):
    with engine.begin() as connection:
        upgrade_branch(connection, ENGINE, "0024")
        assert "is at revision 0024" in str(behind(connection))
        assert ahead(connection) is None


def test_upgrades_at_once_take_turns(engine):
    errors: list[BaseException] = []
    start = threading.Barrier(4)

    def run() -> None:
        try:
            start.wait(10)
            migrate(engine)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert "delivery" in inspect(engine).get_table_names(schema="groundwork")


def test_a_delivery_from_before_keeps_its_last_error_and_takes_errors_of_attempts_from_then_on(engine):
    with engine.begin() as connection:
        upgrade_branch(connection, ENGINE, "0023")
        connection.execute(
            text("""
            INSERT INTO groundwork.job (name, event_name) VALUES ('old-job', 'old/thing.done');
            WITH old AS (
                INSERT INTO groundwork.event
                    (id, name, workspace_id, dedupe_id, data, occurred_at, source, correlation_id)
                VALUES (gen_random_uuid(), 'old/thing.done', 'acme', '1', '{}', now(), 'test', gen_random_uuid())
                RETURNING id
            )
            INSERT INTO groundwork.delivery (id, event_id, job, workspace_id, last_error, attempt)
            SELECT gen_random_uuid(), id, 'old-job', 'acme', 'It was told before.', 1 FROM old
            """)
        )
    migrate(engine)
    with engine.begin() as connection:
        [old] = connection.execute(text("SELECT last_error, attempt_errors FROM groundwork.delivery"))
        assert tuple(old) == ("It was told before.", None)
        [kept] = connection.execute(
            text("SELECT groundwork.with_error(attempt_errors, 2, NULL, 'And now.') FROM groundwork.delivery")
        ).scalars()
        assert [(each["attempt"], each["error"]) for each in kept] == [(2, "And now.")]


def test_a_failed_upgrade_leaves_no_trace(engine):
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        upgrade(connection)
        raise ZeroDivisionError
    assert "groundwork" not in inspect(engine).get_schema_names()
