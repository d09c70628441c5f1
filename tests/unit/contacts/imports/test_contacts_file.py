"""One blob, read from start to end: always the same chunks, and always the same blob."""

from dataclasses import asdict, replace

import pytest

from groundwork.blocks.errors import BlobChanged, BlobMissing
from groundwork.tasks.contacts.imports.reading.chunks import FIRST_CHUNK_BYTES, Cut
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from tests.unit.contacts.imports.files import Folder, use_settings

CONTENT = "Email,Notes\n" + "".join(f'u{number:03d}@example.com,"a\n""b"""\n' for number in range(200))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    use_settings(monkeypatch, import_chunk_bytes=500)


def test_chunks_are_the_same_at_every_reading(folder: Folder) -> None:
    first, second = folder.read(CONTENT), folder.read(CONTENT)
    assert len(first) > 10
    assert [bytes(chunk.payload) for chunk in first] == [bytes(chunk.payload) for chunk in second]
    assert sum(chunk.rows for chunk in first) == 200


def test_chunks_that_are_done_are_left_out_and_the_others_keep_their_numbers(folder: Folder) -> None:
    every = folder.read(CONTENT)
    with open_contacts(folder.store, "contacts.csv") as file:
        rest = list(file.chunks(done={0, 2, 3}))
    assert [chunk.number for chunk in rest] == [1, *range(4, len(every))]
    assert bytes(rest[0].payload) == bytes(every[1].payload)


def test_chunk_numbers_keep_their_meaning_when_the_setting_changes(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = folder.read(CONTENT)
    use_settings(monkeypatch, import_chunk_bytes=2_000)
    with open_contacts(folder.store, "contacts.csv", cut=Cut.of(500)) as file:
        assert [bytes(chunk.payload) for chunk in file.chunks()] == [bytes(chunk.payload) for chunk in every]


def test_the_position_grows_to_the_size_of_the_blob(folder: Folder) -> None:
    positions = [chunk.position for chunk in folder.read(CONTENT)]
    assert positions == sorted(positions)
    assert positions[-1] == len(CONTENT)


def test_a_missing_blob_is_named(folder: Folder) -> None:
    with pytest.raises(BlobMissing, match=r"nowhere\.csv"), open_contacts(folder.store, "nowhere.csv"):
        pass


def test_a_blob_that_changes_between_two_chunks_stops_the_import(folder: Folder) -> None:
    with open_contacts(folder.store, folder.put(CONTENT)) as file:
        chunks = file.chunks()
        next(chunks)
        folder.put(CONTENT + "late@example.com,x\n")
        with pytest.raises(BlobChanged, match=r"contacts\.csv changed during the import"):
            next(chunks)


def test_a_blob_that_vanishes_between_two_chunks_stops_the_import(folder: Folder) -> None:
    with open_contacts(folder.store, folder.put(CONTENT)) as file:
        chunks = file.chunks()
        next(chunks)
        folder.store.delete("contacts.csv")
        with pytest.raises(BlobMissing):
            next(chunks)


def test_a_blob_that_changed_since_the_last_attempt_is_not_read(folder: Folder) -> None:
    stat = folder.store.stat(folder.put(CONTENT))
    with open_contacts(folder.store, "contacts.csv", expected=stat):
        pass
    other = replace(stat, etag="other")
    with pytest.raises(BlobChanged), open_contacts(folder.store, "contacts.csv", expected=other):
        pass


def test_the_first_chunk_is_a_short_one(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    use_settings(monkeypatch, import_chunk_bytes=2 * FIRST_CHUNK_BYTES)
    row = "u@example.com," + "x" * (1024 - 15) + "\n"
    chunks = folder.read("Email,Notes\n" + row * 2048)
    assert [chunk.rows for chunk in chunks] == [512, 1024, 512]


def test_an_attempt_cuts_as_those_before_have_noted():
    cut = Cut.of(4 * 1024 * 1024)
    assert Cut.noted({"cut": asdict(cut)}) == cut
    # A release that had no short first chunk.
    assert Cut.noted({"chunk_bytes": 4_000_000}) == Cut(each=4_000_000, first=4_000_000)
