"""Packed uploads are unpacked; archives that are broken, ambiguous or bombs are refused."""

import gzip
import io
import resource
import struct
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.unpack import unpacked_blocks
from tests.unit.contacts.imports.files import Folder, use_settings

CSV = b"Email,First Name\nada@example.com,Ada\n"
ADA = {"email": "ada@example.com", "first_name": "Ada"}


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
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
        (gzip.compress(zipped({"a.csv": CSV})), "a zip within another archive"),
        (gzip.compress(gzip.compress(CSV)), "a gzip within another archive"),
        (zipped({"a.csv.gz": gzip.compress(CSV)}), "a gzip within another archive"),
        (zipped({"folder/": b"", "other/": b""}), "exactly one CSV; this one holds 0 files: none"),
        (zipped({"a\n\x1b[31m" + "x" * 300: CSV, "b": CSV}), r"2 files: a\?\?\[31mx{93}, b\."),
        (gzip.compress(CSV) + b"garbage", "damaged"),
        (gzip.compress(CSV) + gzip.compress(CSV)[:-1], "damaged"),
        (gzip.compress(CSV)[:-8] + b"\0" * 8, "damaged"),
        (gzip.compress(b"") * 2_000, "more than 1,000 parts in a row hold nothing"),
        (b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"x" * 100_000, "damaged"),
        (b"PK\x07\x08" + zipped({"a.csv": CSV})[4:], "damaged"),
        (b"PK\x05\x06", "damaged"),
    ],
    ids=[
        "two files",
        "no file",
        "workbook",
        "cut gzip",
        "cut zip",
        "zip in gzip",
        "gzip in gzip",
        "gzip in zip",
        "folders only",
        "names to disturb a terminal",
        "gzip and garbage",
        "cut second member",
        "wrong checksum",
        "a flood of members",
        "endless name",
        "split zip",
        "an end and nothing else",
    ],
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


def test_a_gzip_may_be_padded_with_zeros(folder: Folder) -> None:
    padded = gzip.compress(CSV) + b"\0" * 40_000 + gzip.compress(b"bob@example.com,Bob\n") + b"\0" * 512
    assert len(folder.rows(padded)) == 2


def test_a_zip_that_is_not_compressed_is_read(folder: Folder) -> None:
    assert folder.rows(zipped({"a.csv": CSV}, zipfile.ZIP_STORED)) == [ADA]


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")])
def test_a_method_that_python_unpacks_in_one_go_is_refused_before_it_takes_memory(method: int, name: str) -> None:
    bomb = zipped({"a.csv": CSV + b"," * 100_000_000}, method)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NonRetriable, match=f"packed by the method {name}. Pack it with the usual method"):
        list(unpacked_blocks(io.BytesIO(bomb), len(bomb)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def with_directory(entries: int) -> bytes:
    """A zip whose table of contents has so many entries."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    start = b"PK\x03\x04" + b"\0" * 26
    size = len(entry) * entries
    return (
        start
        + entry * entries
        + struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, len(start))
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, len(start) + size, 1)
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )


def test_a_table_of_contents_that_would_take_memory_is_refused() -> None:
    content = with_directory(200_000)
    with pytest.raises(NonRetriable, match="table of contents is too large"):
        list(unpacked_blocks(io.BytesIO(content), len(content)))


class Away(io.BytesIO):
    """A store that goes away after the first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise ConnectionError("the store is away")
        return super().read(size)


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"a.csv": data})], ids=["gzip", "zip"])
def test_a_store_that_is_away_is_no_damaged_archive(pack: Any) -> None:
    content = pack(b"".join(b"%d@example.com\n" % (number**7) for number in range(20_000)))
    with pytest.raises(ConnectionError):
        list(unpacked_blocks(Away(content), len(content)))


LINES = CSV + b"".join(b"%d@example.com,%d\n" % (number**5, number) for number in range(400))
ARCHIVES = {
    "gzip": gzip.compress(LINES, mtime=0),
    "deflate": zipped({"a.csv": LINES}),
    "stored": zipped({"a.csv": LINES}, zipfile.ZIP_STORED),
    "clutter": zipped({"a.csv": LINES, ".DS_Store": b"x", "folder/": b""}),
    "bzip2": zipped({"a.csv": LINES}, zipfile.ZIP_BZIP2),
}
LIES = [
    *(struct.pack("<H", 0xFFFF), struct.pack("<L", 2**32 - 1), struct.pack("<Q", 2**64 - 1), struct.pack("<Q", 2**63)),
    *(b"\0" * 4, b"\x01\x00", b"\x0c\x00", b"\x1f\x8b\x08\x1f"),
    *(b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"),
]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "insert", "cut", "drop", "repeat"]),
        # Most of what an archive says of itself stands at its ends.
        st.one_of(st.integers(0, 80), st.integers(-160, -1), st.integers(0, 10_000)),
        st.one_of(st.sampled_from(LIES), st.binary(min_size=1, max_size=12)),
    ),
    min_size=1,
    max_size=4,
)


def changed(archive: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    for how, place, data in changes:
        at = max(0, place + len(archive)) if place < 0 else min(place, len(archive))
        match how:
            case "overwrite":
                archive = archive[:at] + data + archive[at + len(data) :]
            case "insert":
                archive = archive[:at] + data + archive[at:]
            case "cut":
                archive = archive[:at]
            case "drop":
                archive = archive[:at] + archive[at + len(data) :]
            case "repeat":
                archive = archive + archive[at:]
    return archive


@pytest.mark.parametrize("kind", ARCHIVES)
@settings(max_examples=500, deadline=None)
@given(changes=CHANGES)
def test_whatever_is_wrong_with_an_archive_it_is_refused_or_its_rows_are_right(
    kind: str, changes: list[tuple[str, int, bytes]]
) -> None:
    content = changed(ARCHIVES[kind], changes)
    try:
        unpacked = b"".join(unpacked_blocks(io.BytesIO(content), len(content)))
    except NonRetriable:
        return
    packed = content.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))
    # A gzip may have several members, so one that is there twice is two files in one.
    assert unpacked == (LINES * (len(unpacked) // len(LINES)) if packed else content)
