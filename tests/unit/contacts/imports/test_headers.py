"""Exports of the common programs find their columns; everything else is kept."""

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.dialect import detect_dialect
from groundwork.tasks.contacts.imports.rows.headers import layout_of
from groundwork.tasks.contacts.settings import contacts_settings
from tests.unit.contacts.imports.files import Folder, use_settings


def mapped(header: str) -> dict[str, str]:
    """Our column → header, for a header with commas."""
    names = header.split(",")
    return {column: names[at] for column, at in layout_of(names).mapped.items()}


def test_google_contacts() -> None:
    header = (
        "First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Label,"
        "Phone 1 - Value,Address 1 - City,Address 1 - Country,Organization Name,Organization Title"
    )
    assert mapped(header) == {
        "first_name": "First Name",
        "last_name": "Last Name",
        "tags": "Labels",
        "email": "E-mail 1 - Value",
        "phone": "Phone 1 - Value",
        "city": "Address 1 - City",
        "country": "Address 1 - Country",
        "company": "Organization Name",
        "job_title": "Organization Title",
    }
    assert "E-mail 2 - Value" in layout_of(header.split(",")).custom


def test_google_contacts_before_2024() -> None:
    header = "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name"
    assert mapped(header) == {
        "first_name": "Given Name",
        "last_name": "Family Name",
        "tags": "Group Membership",
        "email": "E-mail 1 - Value",
        "company": "Organization 1 - Name",
    }


def test_outlook() -> None:
    header = (
        "Title,First Name,Last Name,Company,Job Title,Business City,Business Country/Region,Business Phone,"
        "Mobile Phone,Categories,E-mail Address,E-mail 2 Address"
    )
    assert mapped(header) == {
        "first_name": "First Name",
        "last_name": "Last Name",
        "company": "Company",
        "job_title": "Job Title",
        "city": "Business City",
        "country": "Business Country/Region",
        "phone": "Business Phone",
        "tags": "Categories",
        "email": "E-mail Address",
    }


def test_hubspot() -> None:
    header = "Record ID,First Name,Last Name,Email,Phone Number,Company name,Job Title,City,Country/Region,Lead Status"
    assert set(mapped(header)) == {
        "first_name", "last_name", "email", "phone", "company", "job_title", "city", "country",
    }  # fmt: skip
    assert set(layout_of(header.split(",")).custom) == {"Record ID", "Lead Status"}


def test_mailchimp() -> None:
    header = "Email Address,First Name,Last Name,Address,Phone Number,Birthday,TAGS,MEMBER_RATING"
    assert set(mapped(header)) == {"email", "first_name", "last_name", "phone", "tags"}


def test_a_full_name_is_split_at_its_last_space(folder: Folder) -> None:
    content = "Full name,E-mail\nAda King Lovelace,a@example.com\nCher,b@example.com\n,c@example.com\n"
    assert [(row["first_name"], row["last_name"]) for row in folder.rows(content)] == [
        ("Ada King", "Lovelace"),
        ("Cher", None),
        (None, None),
    ]


def test_a_full_name_beside_first_names_is_a_custom_field() -> None:
    assert layout_of(["Name", "First Name", "Email"]).custom == {"Name": 0}


def test_repeated_and_empty_headers_are_custom_fields_of_their_own() -> None:
    layout = layout_of(["Email", "Email", "Plan", "Plan", "Plan", ""])
    assert layout.mapped == {"email": 0}
    assert layout.custom == {"Email (2)": 1, "Plan": 2, "Plan (2)": 3, "Plan (3)": 4, "Column 6": 5}


def test_without_an_email_column_the_error_names_what_was_found_and_what_is_accepted() -> None:
    with pytest.raises(NonRetriable) as raised:
        layout_of(["Name", "Phone", *[f"c{number}" for number in range(30)]])
    assert "'Name', 'Phone', 'c0'" in str(raised.value)
    assert "'c17' and 12 more" in str(raised.value)
    assert "'email address'" in str(raised.value)


def test_ten_thousand_columns_are_refused(folder: Folder) -> None:
    header = ",".join(["Email", *[f"c{number}" for number in range(9_999)]])
    with pytest.raises(NonRetriable, match=r"10000 columns; 1000 are allowed.*GROUNDWORK_IMPORT_MAX_COLUMNS"):
        folder.read(header + "\n")


def test_a_thousand_columns_are_read(folder: Folder) -> None:
    assert contacts_settings().import_max_columns == 1000
    header = ",".join(["Email", *[f"c{number}" for number in range(999)]])
    (row,) = folder.rows(header + "\na@example.com" + ",x" * 999 + "\n")
    assert (row["custom"] or "").count('"x"') == 999


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    records = (["Email", f'"Notes{delimiter},;|"', "Plan"], ["a@example.com", f'"x,y;z|{delimiter}"', "pro"])
    sample = "".join(delimiter.join(record) + "\n" for record in records)
    assert detect_dialect(sample.encode(), complete=True).delimiter == delimiter


def test_a_single_column_is_a_csv_too(folder: Folder) -> None:
    assert folder.rows("email\na@example.com\n\nb@example.com") == [
        {"email": "a@example.com"},
        {"email": "b@example.com"},
    ]


def test_a_line_that_names_the_separator_is_obeyed(folder: Folder) -> None:
    assert folder.rows("sep=;\r\nEmail;City\r\na@example.com;Ulm\r\n") == [{"email": "a@example.com", "city": "Ulm"}]


@pytest.mark.parametrize(
    "content", ["", "\n\r\n", "\ufeff", " , ,\n"], ids=["no bytes", "blank lines", "BOM", "no text"]
)
def test_an_empty_file_is_refused(folder: Folder, content: str) -> None:
    with pytest.raises(NonRetriable, match="The file is empty"):
        folder.read(content)


@pytest.mark.parametrize("content", ["Email,City\n", "Email,City", "\n\nEmail,City\r\n\r\n"])
def test_a_header_alone_is_a_file_of_no_rows(folder: Folder, content: str) -> None:
    assert sum(chunk.rows for chunk in folder.read(content)) == 0


def test_a_header_whose_quote_never_closes_is_refused(folder: Folder) -> None:
    with pytest.raises(NonRetriable, match="header does not end"):
        folder.read('Email,"City\na@example.com,Ulm\n')


def test_the_limit_of_columns_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    use_settings(monkeypatch, import_max_columns=1)
    with pytest.raises(NonRetriable, match="2 columns; 1 are allowed"):
        layout_of(["Email", "City"])
