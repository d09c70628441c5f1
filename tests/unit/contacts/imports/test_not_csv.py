"""What is no CSV is refused by what it is, in the preview and in the import."""

import gzip
import io
import zipfile

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.preview import preview_stream
from tests.unit.contacts.imports.files import Folder


def zipped(*names: str, content: bytes = b"x") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


TAR = b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(247) + b"Email\n"
FILES = {
    "workbook": (zipped("[Content_Types].xml", "xl/workbook.xml"), "office document"),
    "OpenDocument": (zipped("mimetype", "content.xml"), "office document"),
    "Numbers": (zipped("Index/Document.iwa", "preview.jpg"), "office document"),
    "zip of two": (zipped("a.csv", "b.csv"), "holds 2 files: a.csv, b.csv"),
    "empty zip": (zipped(), "holds 0 files"),
    "zip of a picture": (zipped("a.png", content=b"\x89PNG\r\n\x1a\n"), "a PNG image"),
    "gzip of a gzip": (gzip.compress(gzip.compress(b"Email\n")), "a gzip within another archive"),
    "tar": (TAR, "a tar archive"),
    "PDF": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "WebP": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a picture or a sound"),
    "vCard": (b"BEGIN:VCARD\r\nEMAIL:ada@example.com\r\nEND:VCARD\r\n", "vCard"),
    "commented HTML": (b"\n<!-- made by a machine -->\n<html><table><tr><td>Email", "a web page"),
    "XML": (b"<contacts><email>ada@example.com</email></contacts>", "an XML document"),
    "saved mail": (b"MIME-Version: 1.0\nFrom: ada@example.com\n", "a mail"),
    "SQL": (b"INSERT INTO contacts (email) VALUES ('ada@example.com');\n", "an SQL script"),
    "JSON of texts": (b'["ada@example.com", "bo@example.com"]', "JSON"),
    "JSON of rows": (b'[["Email", "City"], ["ada@example.com", "Ulm"]]', "JSON"),
    "JSON lines": (b'{"email": "ada@example.com"}\n', "JSON"),
    "empty": (b"", "is empty"),
    "mark alone": (b"\xff\xfe", "is empty"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_by_what_it_is(folder: Folder, name: str) -> None:
    content, what = FILES[name]
    with pytest.raises(NonRetriable, match=what):
        preview_stream(io.BytesIO(content), len(content))
    with pytest.raises(NonRetriable, match=what):
        folder.read(content)


def test_an_address_in_brackets_is_no_markup(folder: Folder) -> None:
    assert [row["email"] for row in folder.rows("<ada@example.com>\n<bo@example.com>\n")] == [
        "ada@example.com",
        "bo@example.com",
    ]
