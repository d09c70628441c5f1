"""Cells with several addresses or phones, and addresses with something around them."""

import json

import pytest

from tests.unit.contacts.imports.files import Folder


@pytest.mark.parametrize(
    ("cell", "first", "others"),
    [
        ("Ada Byron <ada@x.de>", "ada@x.de", []),
        ('"Byron, Ada" <ada@x.de>', "ada@x.de", []),
        ("<ada@x.de>", "ada@x.de", []),
        ("mailto:ada@x.de?subject=Hi", "ada@x.de", []),
        ("'ada@x.de'", "ada@x.de", []),
        ("ada@x.de (work)", "ada@x.de", []),
        ("ada@x.de ::: bo@x.de", "ada@x.de", ["bo@x.de"]),
        ("ada@x.de, bo@x.de;cy@x.de", "ada@x.de", ["bo@x.de", "cy@x.de"]),
        ("ada@x.de / bo@x.de", "ada@x.de", ["bo@x.de"]),
        ("ada@x.de\nbo@x.de\n", "ada@x.de", ["bo@x.de"]),
        ("Ada <ada@x.de>, Bo <bo@x.de>", "ada@x.de", ["bo@x.de"]),
        ("ada@x.de; ada@x.de", "ada@x.de", []),
        ("Ada Byron [ada@x.de]", "ada@x.de", []),
        ("(ada@x.de)", "ada@x.de", []),
        ("E-Mail: ada@x.de", "ada@x.de", []),
        ("work: ada@x.de; home: bo@x.de", "ada@x.de", ["bo@x.de"]),
        ("[ada@x.de](mailto:ada@x.de)", "ada@x.de", []),
        ('["ada@x.de", "bo@x.de"]', "ada@x.de", ["bo@x.de"]),
        ("“ada@x.de”", "ada@x.de", []),
        ("ada@x.de · bo@x.de • cy@x.de", "ada@x.de", ["bo@x.de", "cy@x.de"]),
        ("ada@x.de、bo@x.de，cy@x.de；di@x.de", "ada@x.de", ["bo@x.de", "cy@x.de", "di@x.de"]),
        ("ada@x.de oder bo@x.de", "ada@x.de", ["bo@x.de"]),
        ("ａｄａ＠x。de", "ada@x.de", []),
    ],
)
def test_the_first_address_is_the_contact_and_the_others_are_kept(
    folder: Folder, cell: str, first: str, others: list[str]
) -> None:
    escaped = cell.replace('"', '""')
    [row] = folder.rows(f'Email,City\n"{escaped}",Ulm\n')
    assert row["email"] == first
    assert list(json.loads(row.get("custom") or "{}").values()) == others


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("ada byron@x.de", "invalid_email"),
        ("ada@x.de; nobody", "invalid_email"),
        ("ada@x.de.", "invalid_email"),
        ("https://y.de/?user=ada@x.de", "invalid_email"),
        ("write to ada@x.de", "invalid_email"),
        ("ada@x.de\x01Ulm", "invisible_character_in_email"),
        ("ada\u00a0b@x.de", "invalid_email"),
        ("a\u200bda@x.de", "invisible_character_in_email"),
        ("ada@x\u202e.de", "invisible_character_in_email"),
        ("a" * 65 + "@x.de", "email_too_long"),
        ("ada@" + "x" * 64 + ".de", "email_too_long"),
    ],
)
def test_what_is_no_address_is_rejected_with_what_is_wrong(folder: Folder, cell: str, reason: str) -> None:
    assert folder.reasons(f"Email,City\n{cell},Ulm\n") == [(2, reason)]


def test_both_forms_of_a_domain_are_one_contact(folder: Folder) -> None:
    (chunk,) = folder.read("Email\nada@xn--mller-kva.example\nada@müller.example\nada@mu\u0308ller.example\n")
    assert (chunk.rows, chunk.duplicates) == (3, 2)
    assert folder.rows("Email\nada@xn--mller-kva.example\n") == [{"email": "ada@müller.example"}]


def test_a_domain_may_have_marks_on_its_letters(folder: Folder) -> None:
    assert folder.rows("Email\nada@हिन्दी.example\n") == [{"email": "ada@हिन्दी.example"}]


@pytest.mark.parametrize(
    ("cell", "phone", "others"),
    [
        ("+49 170 1234567 ::: +49 171 7654321", "+49 170 1234567", ["+49 171 7654321"]),
        ("030 123456, 040 654321", "030 123456", ["040 654321"]),
        ("030/123456", "030/123456", []),
        ("030 123456 / 040 654321", "030 123456", ["040 654321"]),
        ("0170 123456, ext. 5", "0170 123456, ext. 5", []),
        ("+49 (0)30 / 123 456", "+49 (0)30 / 123 456", []),
        ("+49 170 1234567/+49 171 7654321", "+49 170 1234567", ["+49 171 7654321"]),
        ("030 123456 & 040 654321", "030 123456", ["040 654321"]),
        ("030 123456、040 654321；050 111111", "030 123456", ["040 654321", "050 111111"]),
        ("tel:+491701234567", "+491701234567", []),
        ("\u202a+49 170 1234567\u202c", "+49 170 1234567", []),
        ("1" * 65, None, ["1" * 65]),
    ],
)
def test_the_first_phone_is_the_contacts_and_none_costs_it(
    folder: Folder, cell: str, phone: str | None, others: list[str]
) -> None:
    [row] = folder.rows(f'Email,Phone\nada@x.de,"{cell}"\n')
    assert row["phone"] == phone
    assert list(json.loads(row.get("custom") or "{}").values()) == others


def test_of_very_many_the_last_field_has_the_rest(folder: Folder) -> None:
    addresses = "; ".join(f"a{at}@x.de" for at in range(14))
    phones = "; ".join(f"030 12345{at:02}" for at in range(14))
    [row] = folder.rows(f'Email,Phone\n"{addresses}","{phones}"\n')
    kept = json.loads(row["custom"] or "")
    assert kept["Email (10)"] == "; ".join(f"a{at}@x.de" for at in range(9, 14))
    assert kept["Phone (10)"] == "; ".join(f"030 12345{at:02}" for at in range(9, 14))


def test_further_values_of_columns_that_are_named_alike_do_not_replace_each_other(folder: Folder) -> None:
    [row] = folder.rows('Email,Phone,Phone\na@x.de,"1111111; 2222222","3333333; 4444444"\n')
    assert row["phone"] == "1111111"
    assert sorted(json.loads(row["custom"] or "").values()) == ["2222222", "3333333; 4444444", "4444444"]


def test_the_first_filled_of_several_columns_counts(folder: Folder) -> None:
    content = "E-mail 1,E-mail 2,Business Phone,Mobile Phone\n,b@x.de,,0170 1\na@x.de,c@x.de,030 1,0170 2\n"
    rows = {row["email"]: row for row in folder.rows(content)}
    assert [rows["a@x.de"]["phone"], rows["b@x.de"]["phone"]] == ["030 1", "0170 1"]
    assert json.loads(rows["a@x.de"]["custom"] or "") == {"E-mail 2": "c@x.de", "Mobile Phone": "0170 2"}
    assert json.loads(rows["b@x.de"]["custom"] or "") == {}
