"""Every row is counted exactly once, and neither counts nor contacts depend on where the file is cut."""

import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database
from groundwork.tasks.contacts.settings import contacts_settings
from tests.integration.contacts.imports.importing import contacts_of, import_content
from tests.integration.contacts.imports.model import imported

_HEADER = "email,city,tags,Plan\n"
_emails = st.sampled_from(["a@x.de", "B@x.de", "c@x.de ", "d@x.de", "A@X.de", "e@x.de", "", "no"])
_rows = st.tuples(
    _emails,
    st.sampled_from(["", "Ulm", "Bonn"]),
    st.sampled_from(["", "x", "y;x", "z"]),
    st.sampled_from(["", "pro", "p2"]),
).map(lambda cells: ",".join(cells) + "\n" if any(cells) else ",Ulm,,\n")
_files = st.lists(_rows, max_size=25).map(lambda rows: _HEADER + "".join(rows))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=_files,
    content=_files,
    chunk_bytes=st.sampled_from([1, 16, 40, 100, 10_000]),
    on_conflict=st.sampled_from(["update", "skip"]),
)
def test_an_import_does_what_the_model_does(
    db: Database, before: str, content: str, chunk_bytes: int, on_conflict: str
) -> None:
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE app.contact, app.import_skipped"))
    with tempfile.TemporaryDirectory() as folder:
        store = BlobStore(storage_url=f"file://{folder}")
        chunk_bytes_before = contacts_settings().import_chunk_bytes
        contacts_settings().__dict__["import_chunk_bytes"] = chunk_bytes
        try:
            import_content(db, store, before, import_id="import-0")
            old, _ = imported(before, {}, "update")
            expected, expected_counts = imported(content, old, on_conflict)
            counts = import_content(db, store, content, on_conflict=on_conflict)
        finally:
            contacts_settings().__dict__["import_chunk_bytes"] = chunk_bytes_before
    assert counts == expected_counts
    assert counts.rows == counts.inserted + counts.updated + counts.skipped + counts.duplicates + counts.rejected
    assert contacts_of(db) == expected
