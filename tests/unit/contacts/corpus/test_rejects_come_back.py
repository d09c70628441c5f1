"""A rejects file that comes back unchanged is rejected again for the same reasons; corrected, it is imported."""

import csv
import io
from collections import Counter

import pytest

from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from groundwork.tasks.contacts.imports.rejects import join_parts, write_part
from tests.unit.contacts.corpus.cases import CASES, contacts_of, content_of
from tests.unit.contacts.imports.files import Folder, reasons_of, use_settings

OF_EVERY_KIND = (
    "Prénom;Kontaktadresse;Ville;Téléphone;Note\n"
    "Ada;ada@example.com;Ulm;1;\n"
    "Bo;nobody;Bonn;=2;'x\n"
    "Cy;;Kiel;;\n"
    "Di;di@example.com;Jena;;;surplus;; more\n"
    "Ed;ed@exa\u200bmple.com;Gera;;\n"
    f"Fa;{'f' * 65}@example.com;Hof;;\n"
    f"Ga;ga@example.com;{'H' * 300};;\n"
    "Ha;ha@example.com;N\x00UL;;\n"
    "Prénom;Kontaktadresse;Ville;Téléphone;Note\n"
    "Total;;;;7\n"
    "Exported by a machine\n"
    'In;in@example.com;"two\nlines";;;;x\n'
).encode() + b"Jo;jo@example.com;K\xf6ln;;\n"
FILES = {name: content_of(name) for name, case in CASES.items() if case.get("rejects")} | {
    "every kind": OF_EVERY_KIND,
    "every kind without a header": OF_EVERY_KIND.split(b"\n", 1)[1],
}


def rejects_of(folder: Folder, content: bytes) -> tuple[bytes, Counter[str], int]:
    """The rejects file of a file, its reasons, and how many contacts were imported."""
    with open_contacts(folder.store, folder.put(content)) as file:
        chunks = list(file.chunks())
        headers = file.layout.headers
    for chunk in chunks:
        if chunk.rejects is not None:
            write_part(folder.store, "7", chunk.number, chunk.rejects)
    key = join_parts(folder.store, "7", headers, [chunk.number for chunk in chunks if chunk.rejects is not None])
    reasons = Counter(reason for chunk in chunks for _, reason in reasons_of(chunk))
    if key is None:
        return b"", reasons, len(contacts_of(chunks))
    with folder.store.open(key) as stream:
        return stream.read(), reasons, len(contacts_of(chunks))


@pytest.mark.parametrize("chunk_bytes", [64, 100_000])
@pytest.mark.parametrize("name", FILES)
def test_unchanged_it_is_rejected_again_for_the_same_reasons(
    folder: Folder, name: str, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=chunk_bytes)
    rejects, reasons, _ = rejects_of(folder, FILES[name])
    for _again in range(2):
        rejects, same, imported = rejects_of(folder, rejects)
        assert imported == 0
        assert same == reasons


@pytest.mark.parametrize("name", FILES)
def test_corrected_it_is_imported_and_adds_no_field(folder: Folder, name: str) -> None:
    rejects, reasons, _ = rejects_of(folder, FILES[name])
    with open_contacts(folder.store, folder.put(rejects)) as file:
        email = file.layout.mapped["email"]
        before = file.layout.custom
    corrected = io.StringIO(newline="")
    writer = csv.writer(corrected)
    header, *rows = csv.reader(io.StringIO(rejects.decode(), newline=""))
    writer.writerow(header)
    for number, row in enumerate(rows):
        cells = [each.replace("\x00", "").replace("\ufffd", "ö")[:200] for each in row[: len(header)]]
        writer.writerow([*cells[:email], f"right{number}@example.com", *cells[email + 1 :]])
    chunks = folder.read(corrected.getvalue())
    found = contacts_of(chunks)
    assert len(found) == sum(reasons.values())
    assert {field for contact in found.values() for field in contact["custom"]} <= set(before)
    assert not {"line", "reason"} & set(before)
