"""The generator of the benchmarks makes the same file for the same arguments, with what was asked for in it."""

from pathlib import Path

from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from tests.unit.contacts.imports.files import Folder


def test_the_same_arguments_make_the_same_bytes(tmp_path: Path) -> None:
    first = write_contacts(tmp_path / "1.csv", 500, seed=7, duplicates=0.1, invalid=0.1).read_bytes()
    assert write_contacts(tmp_path / "2.csv", 500, seed=7, duplicates=0.1, invalid=0.1).read_bytes() == first
    assert write_contacts(tmp_path / "3.csv", 500, seed=8, duplicates=0.1, invalid=0.1).read_bytes() != first


def test_by_default_every_row_is_a_new_contact(tmp_path: Path, folder: Folder) -> None:
    (chunk,) = folder.read(write_contacts(tmp_path / "plain.csv", 2_000).read_bytes())
    assert (chunk.rows, chunk.duplicates, chunk.rejected) == (2_000, 0, 0)
    assert set(chunk.columns) >= {"email", "first_name", "last_name", "phone", "company", "tags", "custom"}


def test_duplicates_invalid_and_ragged_rows_come_in_the_shares_asked_for(tmp_path: Path, folder: Folder) -> None:
    path = write_contacts(tmp_path / "bad.csv", 2_000, duplicates=0.1, invalid=0.1, ragged=0.05)
    (chunk,) = folder.read(path.read_bytes())
    assert chunk.rows == 2_000
    assert 150 < chunk.duplicates < 250
    assert 80 < chunk.reasons["wrong_number_of_columns"] < 120
    assert 150 < chunk.reasons["invalid_email"] + chunk.reasons["missing_email"] < 250
