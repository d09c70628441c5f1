"""What is exported can be read by anyone, and imported again without a change."""

import io
from typing import Any

import pyarrow.parquet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database
from tests.integration.contacts.exports.exporting import add_contacts, cells, exported
from tests.integration.contacts.imports.importing import import_content
from tests.unit.contacts.corpus.cases import content_of

AWKWARD = (
    "Email,First Name,City,Tags,Plan,Notes\n"
    'a@example.com,"Zoë ""Z""","Łódź, Süd","x;y z",pro,"two\nlines; and a, comma"\n'
    "b@example.com,👩‍👩‍👧 emoji,שלום עולם,,'quoted,=1+1\n"
    'c@example.com,-Dash,@home,"\'t",+49,back\\slash \\N\n'
    "d@example.com,,,,,\n"
)


def contacts_of(db: Database, workspace: str) -> list[dict[str, Any]]:
    """Everything that a file can hold of the workspace's contacts, by e-mail."""
    with db.transaction() as connection:
        rows = connection.execute(
            text(
                "SELECT email, first_name, last_name, phone, company, job_title, city, country, tags, custom"
                " FROM app.contact WHERE workspace_id = :it ORDER BY email"
            ),
            {"it": workspace},
        )
        return [dict(row) for row in rows.mappings()]


def test_import_export_import_changes_nothing(db: Database, store: BlobStore):
    import_content(db, store, AWKWARD, workspace_id="acme")
    file = exported(neutraliseFormulas=False)
    import_content(db, store, file, workspace_id="copy", import_id="import-2")
    assert contacts_of(db, "copy") == contacts_of(db, "acme")
    assert exported(workspace="copy", neutraliseFormulas=False) == file


def test_importing_an_export_into_its_own_workspace_changes_nothing(db: Database, store: BlobStore):
    import_content(db, store, AWKWARD, workspace_id="acme")
    before = contacts_of(db, "acme")
    counts = import_content(db, store, exported(neutraliseFormulas=False), import_id="import-2")
    assert (counts.updated, counts.inserted, counts.rejected) == (4, 0, 0)
    assert contacts_of(db, "acme") == before


def test_what_a_spreadsheet_would_execute_is_neutralised_unless_asked_for(db: Database, store: BlobStore):
    import_content(db, store, "Email,City,Phone,=Plan\na@example.com,@home,+49 30,=1+1\n")
    assert cells(exported(columns=["city", "phone", "custom.=Plan"])) == [
        ["city", "phone", "'=Plan"],
        ["'@home", "'+49 30", "'=1+1"],
    ]
    assert cells(exported(columns=["city", "phone", "custom.=Plan"], neutraliseFormulas=False)) == [
        ["city", "phone", "=Plan"],
        ["@home", "+49 30", "=1+1"],
    ]


def test_phone_numbers_come_back_from_a_neutralised_file(db: Database, store: BlobStore):
    import_content(db, store, "Email,Phone\na@example.com,+49 30 123\n")
    import_content(db, store, exported(), workspace_id="copy", import_id="import-2")
    assert contacts_of(db, "copy") == contacts_of(db, "acme")


def test_a_missing_value_differs_from_an_empty_one(db: Database):
    add_contacts(db, {"email": "a@example.com", "city": "", "company": None})
    assert exported(columns=["email", "city", "company"]).endswith(b'\n"a@example.com","",\n')


def test_values_that_are_no_text_are_written_as_text(db: Database):
    custom = {"age": 7, "vip": True, "none": None, "list": [1, "a"], "object": {"a": 1}}
    add_contacts(db, {"email": "a@example.com", "custom": custom})
    header, row = cells(exported())
    fields = dict(zip(header[9:], row[9:], strict=True))
    assert fields == {"age": "7", "vip": "true", "none": "", "list": '[1, "a"]', "object": '{"a": 1}'}


def test_a_field_name_longer_than_postgresql_allows_for_columns_is_a_header_as_it_is(db: Database):
    name = "Wie haben Sie von uns erfahren? Bitte nennen Sie alle Quellen, an die Sie sich erinnern"
    add_contacts(db, {"email": "a@example.com", "custom": {name: "x", name + "!": "y"}})
    header, row = cells(exported())
    assert dict(zip(header, row, strict=True)).items() >= {name: "x", name + "!": "y"}.items()


def test_a_cell_larger_than_a_part_is_whole(db: Database):
    add_contacts(db, {"email": "a@example.com", "company": "é" * 3_000_000})
    content = exported(columns=["email", "company"], part_bytes=1_000_000)
    assert content.decode() == '"email","company"\n"a@example.com","' + "é" * 3_000_000 + '"\n'


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_rows = st.tuples(_texts, st.none() | _texts, st.lists(_texts, max_size=3), st.dictionaries(_texts, _texts, max_size=3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_rows, max_size=6))
def test_every_text_survives_in_both_formats(db: Database, rows):
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE app.contact"))
    contacts = [
        {"email": f"{number}@example.com", "first_name": first, "city": city, "tags": tags, "custom": custom}
        for number, (first, city, tags, custom) in enumerate(rows)
    ]
    add_contacts(db, *contacts)
    fields = sorted({key for contact in contacts for key in contact["custom"]}, key=str.encode)
    columns = ["email", "first_name", "city", "tags", *(f"custom.{field}" for field in fields if field)]
    content = exported(columns=columns, neutraliseFormulas=False)
    assert cells(content)[1:] == [
        [
            contact["email"],
            contact["first_name"],
            contact["city"] or "",
            ";".join(contact["tags"]),
            *(contact["custom"].get(field, "") for field in fields if field),
        ]
        for contact in contacts
    ]
    table = pyarrow.parquet.read_table(io.BytesIO(exported(columns=columns, format="parquet")))
    assert [column.to_pylist() for column in table.columns] == [
        [contact["email"] for contact in contacts],
        [contact["first_name"] for contact in contacts],
        [contact["city"] for contact in contacts],
        [contact["tags"] for contact in contacts],
        *([contact["custom"].get(field) for contact in contacts] for field in fields if field),
    ]


def test_every_awkward_value_of_the_corpus_comes_back_from_a_raw_export(db: Database, store: BlobStore):
    import_content(db, store, content_of("60-awkward-values"), workspace_id="acme")
    file = exported(neutraliseFormulas=False)
    import_content(db, store, file, import_id="again", workspace_id="globex")
    assert contacts_of(db, "globex") == contacts_of(db, "acme")


def test_columns_and_filter_can_name_every_custom_field(db: Database, store: BlobStore):
    import_content(db, store, content_of("60-awkward-values"), workspace_id="acme")
    [ada] = [each for each in contacts_of(db, "acme") if each["email"] == "+ada@example.com"]
    assert len(ada["custom"]) > 15
    columns = [f"custom.{field}" for field in ada["custom"]]
    [_, row] = cells(exported(columns=columns, neutraliseFormulas=False, filter={"custom": ada["custom"]}))
    assert row == list(ada["custom"].values())


def test_more_than_a_thousand_custom_fields_are_exported(db: Database):
    custom = {f"field {number:04}": str(number) for number in range(1_500)}
    add_contacts(db, {"email": "ada@example.com", "custom": custom})
    header, row = cells(exported())
    assert dict(zip(header, row, strict=True)) | custom == dict(zip(header, row, strict=True))
    named = [f"custom.{field}" for field in custom]
    assert cells(exported(columns=named)) == [list(custom), list(custom.values())]
