"""The migrations make the schema that the tables describe, once, whoever asks."""

import threading
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from groundwork.blocks.migrations import behind, upgrade
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


def test_a_failed_upgrade_leaves_no_trace(engine):
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        upgrade(connection)
        raise ZeroDivisionError
    assert "groundwork" not in inspect(engine).get_schema_names()
