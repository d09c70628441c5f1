"""Every file of the corpus comes to what it has to, read as the import reads it, without a database."""

from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.errors import NonRetriable
from tests.unit.contacts.corpus.cases import CASES, HERE, contacts_of, content_of
from tests.unit.contacts.imports.files import Folder, reasons_of


@pytest.mark.parametrize("case", CASES)
def test_a_file_comes_to_what_it_has_to(folder: Folder, case: str) -> None:
    expected = CASES[case]
    if "refused" in expected:
        with pytest.raises(NonRetriable, match=expected["refused"]):
            folder.read(content_of(case))
        return
    chunks = folder.read(content_of(case))
    found = contacts_of(chunks)
    wanted = expected.get("contacts", {})
    if "rows" in expected:
        assert len(found) == expected["rows"]
    else:
        assert sorted(found) == sorted(wanted)
    assert {email: _like(fields, found[email]) for email, fields in wanted.items()} == wanted
    assert [list(each) for chunk in chunks for each in reasons_of(chunk)] == expected.get("rejects", [])
    assert sum(chunk.duplicates for chunk in chunks) == expected.get("duplicates", 0)
    for field in expected.get("fields", []):
        assert not any(field in contact["custom"] for contact in found.values())


def _like(fields: dict[str, Any], contact: dict[str, Any]) -> dict[str, Any]:
    """The contact as far as the case names its fields."""
    return {
        name: {key: contact["custom"].get(key) for key in wanted}
        if name == "custom"
        else contact.get(name) or ""
        if name != "tags"
        else contact["tags"]
        for name, wanted in fields.items()
    }


def test_every_file_has_its_expectation() -> None:
    assert sorted(path.name.split(".")[0] for path in Path(HERE / "files").iterdir()) == sorted(CASES)
