"""Every test finds the tables as the migrations left them."""

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.testing.beginning import Beginning


@pytest.fixture
def own(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Database:
    """A database in which a migration has put two plans, one of them in use, and numbered them itself."""
    name = f"beginning_{abs(hash(request.node.name))}"
    postgres.create_database(name)
    url = postgres.url(name).render_as_string(hide_password=False)
    database = Database.model_validate({"connection_url": url})
    with database.transaction() as connection:
        connection.execute(
            text(
                "CREATE TABLE plan (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,"
                " upper text GENERATED ALWAYS AS (upper(name)) STORED);"
                "CREATE TABLE customer (id serial PRIMARY KEY, plan int REFERENCES plan);"
                "INSERT INTO plan (name) VALUES ('free'), ('pro');"
            )
        )
    yield database
    database.engine.dispose()


def rows(database: Database, table: str) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))]


def test_what_a_test_wrote_is_gone_and_what_a_migration_wrote_is_back(own: Database):
    beginning = Beginning.of(own)
    with own.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO plan (name) VALUES ('odd'); INSERT INTO customer (plan) VALUES (1);"
                "UPDATE plan SET name = 'dear' WHERE id = 2;"
            )
        )
    beginning.restore(own)
    assert rows(own, "plan") == [(1, "free", "FREE"), (2, "pro", "PRO")]
    assert rows(own, "customer") == []
    with own.transaction() as connection:
        connection.execute(text("INSERT INTO plan (name) VALUES ('next'); INSERT INTO customer (plan) VALUES (3)"))
    assert rows(own, "plan")[-1] == (3, "next", "NEXT")
    assert rows(own, "customer") == [(1, 3)]


def test_a_transaction_that_a_test_left_open_is_named_for_the_cause(own: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundwork.testing.beginning._PATIENCE", "0.2s")
    beginning = Beginning.of(own)
    with own.engine.connect() as left_open:
        left_open.execute(text("INSERT INTO customer (plan) VALUES (1)"))
        with pytest.raises(RuntimeError, match="a transaction of an earlier one is still open"):
            beginning.restore(own)
