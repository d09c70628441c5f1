"""S3 refuses, throttles, breaks off and vanishes: the export comes through, or fails and leaves nothing."""

import hashlib
import threading

import pytest

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import BlobRefused
from tests.integration.blocks.s3_proxy import Fault, Operation, S3Proxy
from tests.integration.contacts.exports.exporting import PART_BYTES, Exporting, add_many, nothing_is_left
from tests.waiting import wait_until

ROWS = 12_000
"""Three parts and a bit, at about 1,400 bytes a row."""


@pytest.fixture
def three_parts(exporting: Exporting, proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch) -> Exporting:
    from groundwork.tasks.contacts.settings import contacts_settings

    monkeypatch.setitem(contacts_settings().__dict__, "export_part_bytes", PART_BYTES)
    add_many(exporting.db, ROWS, width=1_400)
    exporting.ask()
    return exporting


def is_whole(result: dict) -> bool:
    content = blob_store().read_path(result["blob_path"])
    return hashlib.sha256(content).hexdigest() == result["sha256"] and content.count(b"\n") == ROWS + 1


@pytest.mark.parametrize("fault", [Fault.SLOW_DOWN, Fault.RESET_IN_BODY, Fault.ANSWER_LOST])
def test_a_part_that_fails_is_sent_again_and_the_rows_are_read_once(
    three_parts: Exporting, proxy: S3Proxy, fault: Fault
):
    proxy.fail(Operation.PART, fault, times=2)
    result = three_parts.run()
    assert is_whole(result)
    assert proxy.requests[Operation.BEGIN] == 1
    assert proxy.requests[Operation.PART] == 4 + 2
    assert blob_store().pending_uploads("") == []


def test_a_refused_part_fails_the_export_at_once_and_leaves_nothing(three_parts: Exporting, proxy: S3Proxy):
    proxy.fail(Operation.PART, Fault.FORBIDDEN, times=2)
    with pytest.raises(BlobRefused, match="Check the credentials"):
        three_parts.run()
    record = three_parts.record()
    assert record.status == "failed"
    assert "Check the credentials" in record.error_log
    assert len(three_parts.mails()) == 1
    assert nothing_is_left()


def test_a_store_that_vanishes_for_a_moment_gets_the_same_parts_again(three_parts: Exporting, proxy: S3Proxy):
    def vanish() -> None:
        wait_until(lambda: proxy.requests[Operation.PART] >= 2, 60)
        proxy.go_away()
        back.wait(2)
        proxy.start()

    back = threading.Event()
    vanishing = threading.Thread(target=vanish)
    vanishing.start()
    result = three_parts.run()
    vanishing.join()
    assert is_whole(result)
    assert proxy.requests[Operation.BEGIN] == 1
    assert blob_store().pending_uploads("") == []


def test_a_later_attempt_ends_the_upload_of_one_that_died_and_begins_anew(three_parts: Exporting, proxy: S3Proxy):
    store = blob_store()
    dangling = store.begin_upload("exports/export-1/1.csv")
    store.upload_part("exports/export-1/1.csv", dangling, 1, b"half a file")
    result = three_parts.run()
    assert is_whole(result)
    assert store.pending_uploads("") == []
    assert list(store.list("exports/")) == [result["blob_path"]]


def test_an_attempt_that_died_behind_the_end_does_not_store_the_file_again(three_parts: Exporting, proxy: S3Proxy):
    delivery = three_parts.admitted()
    from sqlalchemy import text

    from groundwork.flows.contacts.process_export import process_export

    first = process_export(delivery_id=delivery.id)
    with three_parts.db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET state = 'running', settled_at = NULL,"
                " lease_expires_at = clock_timestamp() WHERE id = :id"
            ),
            {"id": delivery.id},
        )
    second = process_export(delivery_id=delivery.id)
    assert proxy.requests[Operation.BEGIN] == 1
    assert (second["blob_path"], second["sha256"]) == (first["blob_path"], first["sha256"])
    assert len(three_parts.mails()) == 1
