"""The columns of a contact are written once; the table and the SQL of the import have the same ones."""

import re
from pathlib import Path

from sqlalchemy import Text

from groundwork.blocks.schema import with_applications
from groundwork.blocks.sql import named_statements
from groundwork.events.contacts.columns import STANDARD_COLUMNS, TEXT_COLUMNS
from groundwork.tasks.contacts.imports.rows import upsert

FILLED = [*STANDARD_COLUMNS, "custom"]
UPSERTS = ("update_contacts", "insert_contacts")
STATEMENTS = named_statements(Path(upsert.__file__).with_suffix(".sql"))


def names(pattern: str, statement: str) -> list[str]:
    """The names in a list of columns: types, defaults and parameters left out."""
    [found] = re.findall(pattern, STATEMENTS[statement], re.DOTALL)
    without_calls = re.sub(r"coalesce\((\w+), '{}'\)", r"\1", found)
    return [each.split()[0] for each in without_calls.split(",") if not each.strip().startswith(":")]


def test_the_table_has_every_column_and_text_where_a_file_has_one_value():
    table = with_applications().tables["app.contact"]
    columns = [each.name for each in table.columns]
    begin = columns.index("email")
    assert columns[begin : begin + len(FILLED)] == FILLED
    assert [each for each in FILLED if isinstance(table.columns[each].type, Text)] == list(TEXT_COLUMNS)


def test_the_staging_table_has_every_column():
    assert names(r"contact_staging \((.*)\) ON COMMIT", "create_staging") == FILLED


def test_both_upserts_write_every_column():
    for statement in UPSERTS:
        assert names(r"app\.contact AS contact \((.*?)\)\n", statement) == ["workspace_id", "import_id", *FILLED]
        assert names(r"SELECT (:workspace_id.*?)\n    FROM", statement) == FILLED


def test_the_insert_of_new_contacts_writes_every_column():
    assert names(r"INTO app\.contact \((.*?)\)\n", "insert_new_contacts") == ["workspace_id", "import_id", *FILLED]
    assert names(r"SELECT workspace, import, (.*?)\n    FROM", "insert_new_contacts") == FILLED


def test_both_upserts_keep_the_old_value_where_the_file_has_none():
    for statement in UPSERTS:
        kept = re.findall(r"(\w+) = coalesce\(excluded\.(\w+), contact\.(\w+)\)", STATEMENTS[statement])
        assert kept == [(each, each, each) for each in TEXT_COLUMNS if each != "email"]
        for each in ("tags", "custom"):
            assert re.search(rf"^        {each} = ", STATEMENTS[statement], re.MULTILINE)
