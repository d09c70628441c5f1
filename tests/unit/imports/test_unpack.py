"""Packed uploads are unpacked; archives that are broken, ambiguous or bombs are refused."""

import gzip
import io
import zipfile

import pytest

from blocks.errors import NonRetriable
from tests.unit.imports.files import Folder, use_settings

CSV = b"Email,First Name\nada@example.com,Ada\n"
ADA = {"email": "ada@example.com", "first_name": "Ada"}


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def test_gzip_is_recognised_by_its_content(folder: Folder) -> None:
    assert folder.rows(gzip.compress(CSV)) == [ADA]


def test_a_gzip_of_several_members_is_one_file(folder: Folder) -> None:
    assert len(folder.rows(gzip.compress(CSV) + gzip.compress(b"bob@example.com,Bob\n"))) == 2


def test_a_zip_of_one_csv_is_read_beside_what_a_desktop_adds(folder: Folder) -> None:
    members = {
        "people/": b"",
        "people/list.csv": CSV,
        "__MACOSX/people/._list.csv": b"\x00",
        "people/.DS_Store": b"\x00",
    }
    assert folder.rows(zipped(members)) == [ADA]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"a.csv": CSV, "b.csv": CSV}), "exactly one CSV; this one holds 2 files: a.csv, b.csv"),
        (zipped({}), "exactly one CSV; this one holds 0 files: none"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "Excel workbook"),
        (gzip.compress(CSV * 100)[:-20], "damaged"),
        (zipped({"a.csv": CSV})[:-30], "damaged"),
        (gzip.compress(zipped({"a.csv": CSV})), "a zip within a gzip"),
    ],
    ids=["two files", "no file", "workbook", "cut gzip", "cut zip", "zip in gzip"],
)
def test_an_archive_that_is_not_one_csv_is_refused(folder: Folder, content: bytes, message: str) -> None:
    with pytest.raises(NonRetriable, match=message):
        folder.read(content)


def test_an_encrypted_zip_is_refused(folder: Folder) -> None:
    content = bytearray(zipped({"a.csv": CSV}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(NonRetriable, match="encrypted"):
        folder.read(bytes(content))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"a.csv": data})], ids=["gzip", "zip"])
def test_a_bomb_is_refused_by_its_ratio(folder: Folder, pack) -> None:
    with pytest.raises(NonRetriable, match=r"200 times its packed \d+ bytes.*GROUNDWORK_IMPORT_MAX_RATIO"):
        folder.read(pack(CSV + b"," * 20_000_000))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_is_refused_by_its_unpacked_size(folder: Folder, pack, monkeypatch: pytest.MonkeyPatch) -> None:
    use_settings(monkeypatch, import_max_bytes=10_000)
    with pytest.raises(NonRetriable, match=r"larger than 10000 bytes.*GROUNDWORK_IMPORT_MAX_BYTES"):
        folder.read(pack(CSV + b"bob@example.com,Bob\n" * 1_000))


def test_a_small_file_that_packs_well_is_no_bomb(folder: Folder) -> None:
    content = CSV + b"ada@example.com,Ada\n" * 40_000
    assert len(content) / len(gzip.compress(content)) > 200
    assert folder.rows(gzip.compress(content)) == [ADA] * len(folder.read(gzip.compress(content)))
