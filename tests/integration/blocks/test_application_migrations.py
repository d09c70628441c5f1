"""Each application has migrations of its own, and a home that is older than that loses no row."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, inspect, text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.migrations import behind, upgrade, upgrade_branch
from groundwork.blocks.migrations.branches import ENGINE
from groundwork.blocks.process_cache import forget
from groundwork.events.identifiers import UserId
from groundwork.notifications.recipient import recipient
from tests.integration.blocks.rows import fill

CONTACTS = {"contact", "csv_import", "import_skipped", "contact_export", "welcome_mail", "weekly_figures"}
USERS = {"app_user", "mail_bounce", "notification_setting", "workspace_setting"}

FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("gym",)


def upgrade():
    op.create_table("workout", sa.Column("id", sa.Text(), primary_key=True), schema="app")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("{table}", sa.Column("score", sa.Integer()), schema="app")
"""


@pytest.fixture
def engine(postgres, request) -> Iterator[Engine]:
    """An empty database of this test's own."""
    name = f"branches_{abs(hash(request.node.name))}"
    postgres.create_database(name)
    engine = create_engine(postgres.url(name))
    yield engine
    engine.dispose()


@pytest.fixture
def load(monkeypatch) -> Iterator[Callable[..., None]]:
    """Chooses the applications of this process."""

    def choose(*names: str) -> None:
        monkeypatch.setenv("GROUNDWORK_APPLICATIONS", ",".join(names))
        forget()

    yield choose
    monkeypatch.undo()
    forget()


@pytest.fixture
def gym(tmp_path: Path, monkeypatch) -> Path:
    """A team's application, as far as it has migrations; gives the folder of its revisions."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path.name.replace("-", "_")
    folder = tmp_path / package / "migrations"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "0001_workouts.py").write_text(FIRST)
    (tmp_path / package / "__init__.py").write_text(
        "from groundwork.blocks.applications import Application\n"
        f"application = Application(name='gym', migrations='{package}.migrations')\n"
    )
    return folder


def application_of(gym: Path) -> str:
    return f"{gym.parent.name}:application"


def migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection)


def make_old_home(engine: Engine, revision: str = "0008") -> None:
    """What the engine's revisions alone left, before applications had some of their own; with rows in every table."""
    with engine.begin() as connection:
        upgrade_branch(connection, ENGINE, revision)
        fill(connection, "groundwork", "app")


def tables(engine: Engine, schema: str = "app") -> set[str]:
    return set(inspect(engine).get_table_names(schema=schema))


def rows(engine: Engine) -> dict[str, list[Any]]:
    """All rows of the database as JSON, by table; the version tables aside."""
    found = MetaData()
    for schema in ("groundwork", "app"):
        found.reflect(engine, schema=schema)
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f"SELECT row_to_json(it) FROM {name} AS it ORDER BY it::text"))
            .scalars()
            .all()
            for name in sorted(found.tables)
            if not name.startswith("groundwork.migration")
        }


def test_an_old_home_keeps_every_row(engine):
    make_old_home(engine)
    before = rows(engine)
    assert all(before.values()), "there is a table without a row"
    migrate(engine)
    after = rows(engine)
    settings = ("notify_on_import_complete", "notify_on_export_complete", "notify_weekly_digest")
    for user in before["app.app_user"]:
        for name in settings:
            del user[name]
    assert after.pop("app.notification_setting") is not None
    forget_what_is_new(before, after)
    assert json.dumps(after) == json.dumps(before)


def forget_what_is_new(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> None:
    """Leave out of ``after`` the tables and columns that there were not."""
    for name in after.keys() - before.keys():
        assert after.pop(name) == []
    for name, was in before.items():
        for row, old in zip(after[name], was, strict=True):
            for column in row.keys() - old.keys():
                del row[column]


@pytest.mark.parametrize("revision", ["0001", "0003", "0005"])
def test_a_home_that_is_older_still_keeps_every_row_too(engine, revision):
    make_old_home(engine, revision)
    before = rows(engine)
    migrate(engine)
    after = rows(engine)
    assert {name: len(found) for name, found in before.items()} == {name: len(after[name]) for name in before}
    with engine.connect() as connection:
        assert behind(connection) is None


def test_what_people_have_turned_off_in_an_old_home_stays_off(engine):
    with engine.begin() as connection:
        upgrade_branch(connection, ENGINE, "0008")
        connection.execute(
            text(
                "INSERT INTO app.app_user (id, workspace_id, email, notify_on_import_complete, notify_weekly_digest) "
                "VALUES ('ada', 'acme', 'a@example.com', false, false), ('ben', 'acme', 'b@example.com', true, true)"
            )
        )
    migrate(engine)
    mails = ("import_finished", "import_failed", "export_finished", "weekly_digest")
    with engine.connect() as connection:
        ada, ben = (
            [recipient(connection, UserId(user), each).wanted for each in mails]  # type: ignore[union-attr]
            for user in ("ada", "ben")
        )
        assert "notify_weekly_digest" not in {each["name"] for each in inspect(engine).get_columns("app_user", "app")}
    assert ada == [False, False, True, False]
    assert ben == [True, True, True, True]


def test_an_old_home_whose_application_is_not_loaded_keeps_its_rows(engine, load):
    make_old_home(engine)
    before = rows(engine)
    load("operations")
    migrate(engine)
    after = rows(engine)
    assert [after[f"app.{each}"] for each in sorted(CONTACTS)] == [before[f"app.{each}"] for each in sorted(CONTACTS)]


def test_a_new_home_has_the_tables_of_the_applications_that_it_has(engine, load):
    load("operations")
    migrate(engine)
    assert tables(engine) == USERS
    load("operations", "contacts")
    migrate(engine)
    assert tables(engine) == USERS | CONTACTS


def test_a_new_home_with_the_contacts_has_their_tables(engine):
    migrate(engine)
    assert tables(engine) == USERS | CONTACTS


def test_an_application_that_is_removed_keeps_its_rows_and_is_found_again(engine, load):
    migrate(engine)
    with engine.begin() as connection:
        fill(connection, "app")
    before = rows(engine)
    load("operations")
    migrate(engine)
    assert rows(engine) == before
    load("operations", "contacts")
    migrate(engine)
    assert rows(engine) == before


def test_some_tables_of_the_contacts_names_are_an_error_and_not_taken_for_them(engine, load):
    load("operations")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE app.contact (id int)"))
    load("operations", "contacts")
    with pytest.raises(
        ConfigurationError, match=r"application contacts: .*the schema app has tables of the names contact"
    ):
        migrate(engine)


def test_a_teams_application_is_migrated_along_its_own_revisions(engine, load, gym):
    load("operations", application_of(gym))
    migrate(engine)
    assert tables(engine) == USERS | {"workout"}
    (gym / "0002_scores.py").write_text(SECOND.format(table="workout"))
    migrate(engine)
    assert "score" in {each["name"] for each in inspect(engine).get_columns("workout", schema="app")}


def test_a_team_writes_a_revision_as_the_docs_say(engine, load, gym, monkeypatch):
    load("operations", application_of(gym))
    migrate(engine)
    monkeypatch.setattr(Database, "transaction", lambda _: engine.begin())
    page = (Path(__file__).parents[3] / "docs" / "migrations.md").read_text()
    [program] = [each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "command.revision" in each]
    exec(program, {})
    [written] = set(gym.glob("*.py")) - {gym / "__init__.py", gym / "0001_workouts.py"}
    assert written.name == "0002_scores.py"
    assert 'down_revision = "0001"' in written.read_text().replace("'", '"')
    migrate(engine)


def test_a_home_that_an_application_has_not_been_migrated_in_is_behind(engine, load, gym):
    load("operations")
    migrate(engine)
    load("operations", application_of(gym))
    with engine.connect() as connection:
        assert behind(connection) == "The schema of gym is at revision None, 0001 is wanted. Run the migrations."


def test_an_error_in_a_migration_names_the_application_and_the_file_and_leaves_no_trace(engine, load, gym):
    (gym / "0002_scores.py").write_text(SECOND.format(table="no_such_table"))
    load("operations", application_of(gym))
    with pytest.raises(
        ConfigurationError, match=r"application gym: its migration 0002_scores.py failed.*no_such_table"
    ):
        migrate(engine)
    assert "app" not in inspect(engine).get_schema_names()


def test_two_last_revisions_are_an_error_that_names_the_application(engine, load, gym):
    (gym / "0002_scores.py").write_text(SECOND.format(table="workout"))
    (gym / "0003_scores.py").write_text(SECOND.format(table="workout").replace('"0002"', '"0003"'))
    load("operations", application_of(gym))
    with pytest.raises(ConfigurationError, match=r"application gym: its migrations failed.*Multiple head"):
        migrate(engine)


def test_migrations_that_are_not_there_are_an_error_that_names_the_application(engine, load, gym):
    for file in (*gym.iterdir(), gym):
        file.rmdir() if file.is_dir() else file.unlink()
    load("operations", application_of(gym))
    with pytest.raises(ConfigurationError, match=r"application gym: .*migrations cannot be imported"):
        migrate(engine)


def test_the_engines_tables_are_the_engines_alone_until_an_application_is_loaded():
    program = (
        "from groundwork.blocks.schema import metadata, with_applications\n"
        "engine = set(metadata.tables)\n"
        "print(*sorted(set(with_applications().tables) - engine))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert {f"app.{each}" for each in CONTACTS} < found
    assert {each.partition(".")[0] for each in found} == {"app", "fitness", "nurture"}
