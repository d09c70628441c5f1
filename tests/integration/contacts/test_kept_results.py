"""What deliveries that are under way over an upgrade have in the ledger is found: steps keep their names and keys."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import claim, once, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.tasks.contacts.digests.steps import announce_week, count_week
from groundwork.tasks.contacts.exports.record import ExportRecord
from groundwork.tasks.contacts.exports.steps import begin_export, finish_export, is_stored
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.steps import (
    begin_import,
    counts_so_far,
    finish_import,
    import_chunk,
    note_upload,
)
from groundwork.tasks.contacts.users.steps import claim_welcome
from tests.factories import csv_export_confirmed, csv_import_confirmed, delivery_of, flow_run_id, register_job

IMPORT = {"id": "import-1", "workspace_id": "acme", "filename": "a.csv", "blob_path": "imports/a.csv"}
EXPORT = {"id": "export-1", "workspace_id": "acme", "format": "csv"}
COUNTS = {"rows": 3, "inserted": 2, "updated": 1, "skipped": 0, "duplicates": 0, "rejected": 0, "reasons": {}}
ANNOUNCEMENT = {"week": "2026-W47", "workspaces": 2, "announced": 1}
WELCOME = {"ours": False, "delivery_id": "018f2f3e-7c11-7aaa-8bbb-000000000001"}
FIGURES = {
    "week": "2026-W47",
    "measures": [{"label": "New contacts", "count": 2, "before": 1, "change": 1.0}],
    "tags": [{"tag": "vip", "count": 1, "before": 0}],
    "new_per_day": [2, 0, 0, 0, 0, 0, 0],
    "new_per_day_before": [1, 0, 0, 0, 0, 0, 0],
}
SUMMARY = {
    "status": "completed", "format": "csv", "rows": 3, "bytes": 70, "sha256": "ab", "seconds": 0.25,
    "blob_path": "exports/export-1/1.csv", "filename": "contacts-acme.csv", "expires_at": "2026-11-30T10:00:00.123456Z",
}  # fmt: skip
IMPORTED = COUNTS | {"status": "completed", "seconds": 1.5, "rejects_path": None}


@pytest.fixture
def attempt(db):
    register_job(db)
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    return attempt


@pytest.mark.parametrize(
    ("step", "key", "kept", "call"),
    [
        ("begin-import", "import-1", IMPORT, lambda: begin_import.fn("import-1", "acme")),
        ("note-upload", "imports/a.csv", {"size": 7, "etag": "e"}, lambda: note_upload.fn("imports/a.csv")),
        ("import-chunk", "2", COUNTS, lambda: import_chunk.fn(None, SimpleNamespace(number=2), None)),
        ("finish-import", "import-1", IMPORTED, lambda: finish_import.fn("import-1", ImportCounts(), None)),
        ("begin-export", "export-1", EXPORT, lambda: begin_export.fn(csv_export_confirmed())),
        ("finish-export", "export-1", SUMMARY, lambda: finish_export.fn(ExportRecord(**EXPORT), None)),
        ("announce-week", "", ANNOUNCEMENT, lambda: announce_week.fn(None)),
        ("announce-week", "2026-W47", ANNOUNCEMENT, lambda: announce_week.fn("2026-W47")),
        ("count-week", "2026-W47", FIGURES, lambda: count_week.fn(WorkspaceId("acme"), "2026-W47")),
        ("claim-welcome", "ada", WELCOME, lambda: claim_welcome.fn(UserId("ada"))),
    ],
)
def test_what_the_hand_written_ledger_of_a_step_has_kept_is_its_result(attempt, step, key, kept, call):
    with once(attempt, step, key=key) as entry:
        entry.result = kept
    with attempt.as_current():
        found = _plain(call())
    # What a later version keeps as well has a default.
    assert {name: found[name] for name in kept} == kept


def test_the_rows_of_chunks_and_files_are_found_by_whoever_asks_for_them(attempt):
    with once(attempt, "import-chunk", key="1") as entry:
        entry.result = COUNTS
    with attempt.as_current():
        assert counts_so_far() == ImportCounts(**COUNTS)
        assert not is_stored()
        with once(attempt, "finish-export", key="export-1") as entry:
            entry.result = SUMMARY
        assert is_stored()


def _plain(result: Any) -> Any:
    if isinstance(result, ImportCounts):
        return result.as_json()
    return result if isinstance(result, dict) else result.model_dump(mode="json")


def test_a_delivery_id_comes_back_as_one(attempt):
    with once(attempt, "claim-welcome", key="ada") as entry:
        entry.result = WELCOME
    with attempt.as_current():
        assert claim_welcome.fn(UserId("ada")).delivery_id == UUID(WELCOME["delivery_id"])
