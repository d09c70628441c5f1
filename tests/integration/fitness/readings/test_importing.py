"""Files of readings and Apple Health exports, from the blob to the rows."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import Interrupted
from groundwork.blocks.process_cache import forget
from groundwork.events.fitness.sync import ReadingsFileUploaded, WearableDataReceived
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.redelivery import overdue, requeue
from groundwork.tasks.fitness.files import steps as file_steps
from groundwork.tasks.fitness.files.prepare import PreparedRows
from tests.integration.fitness.readings.conftest import World
from tests.unit.fitness.exports import CORE, SDNN, SLEEP, export_xml, export_zip, record
from tests.unit.fitness.test_files import HEADER

pytestmark = pytest.mark.usefixtures("prefect_api")

KEY = "workspaces/acme/day.csv"


def put(content: bytes, key: str = KEY) -> str:
    with blob_store().write(key) as sink:
        sink.write(content)
    return key


def uploaded(content: bytes | str, form: str = "csv", key: str = KEY, **fields: Any) -> ReadingsFileUploaded:
    put(content.encode() if isinstance(content, str) else content, key)
    return ReadingsFileUploaded.model_validate(
        {"workspace_id": WorkspaceId("acme"), "blob": key, "format": form, **fields}
    )


def lines(number: int, **changed: str) -> str:
    when = "2026-11-20T07:12:00+01:00"
    return "".join(
        f"ada,watch,steps,{changed.get('value', each)},{when},,,id-{each},{changed.get('version', when)},\n"
        for each in range(number)
    )


def test_a_file_becomes_readings_and_its_bad_rows_a_file_to_mend(acme: World):
    text = HEADER + lines(3) + "eve,watch,steps,1,2026-11-20T07:12:00Z,,,,,\nbad row\n"
    [ended] = acme.run(uploaded(text))
    result = ended["result"]
    assert (result["rows"], result["changed"], result["rejected"]) == (5, 3, 2)
    assert result["reasons"] == {"unknown_member": 1, "wrong_number_of_columns": 1}
    with blob_store().open(result["rejects"]) as file:
        rejected = file.read().decode().splitlines()
    assert rejected[0].endswith("deleted,line,reason")
    assert rejected[1].startswith('"eve","watch","steps","1"')
    assert rejected[1].endswith('"5","unknown_member"')
    assert rejected[2].startswith('"bad row"')
    assert result["rejects"].startswith("workspaces/acme/")


def test_a_file_that_comes_again_changes_nothing_and_an_older_version_neither(acme: World):
    acme.run(uploaded(HEADER + lines(3)))
    assert acme.run(uploaded(HEADER + lines(3), key="workspaces/acme/again.csv"))[-1]["result"]["changed"] == 0
    old = HEADER + lines(3, value="99", version="2026-11-19T00:00:00Z")
    assert acme.run(uploaded(old, key="workspaces/acme/old.csv"))[-1]["result"]["changed"] == 0
    new = HEADER + lines(3, value="77", version="2026-11-21T00:00:00Z")
    assert acme.run(uploaded(new, key="workspaces/acme/new.csv"))[-1]["result"]["changed"] == 3
    assert acme.readings()["steps"] == 77


def test_versions_of_one_reading_in_one_file_end_as_the_newest_and_a_deletion_deletes(acme: World):
    rows = [
        f"ada,watch,steps,{value},2026-11-20T07:12:00Z,,,one,2026-11-20T{hour:02}:00:00Z,{deleted}\n"
        for value, hour, deleted in ((1, 8, ""), (3, 10, ""), (2, 9, ""), (5, 7, "true"))
    ]
    acme.run(uploaded(HEADER + "".join(rows)))
    assert acme.readings()["steps"] == 3
    last = "ada,watch,steps,,,,,one,2026-11-20T11:00:00Z,true\n"
    acme.run(uploaded(HEADER + last, key="workspaces/acme/last.csv"))
    assert acme.readings() == {}


def test_parquet_is_the_same(acme: World):
    target = io.BytesIO()
    moment = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    table = pa.table({
        "member_id": ["ada"] * 2, "source": ["w"] * 2, "metric": ["hrv_rmssd", "hrv_sdnn"], "value": [48.5, 60.25],
        "measured_at": pa.array([moment] * 2, pa.timestamp("us", "UTC")),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, target)
    acme.run(uploaded(target.getvalue(), "parquet"))
    assert acme.readings() == {"hrv_rmssd": 48.5, "hrv_sdnn": 60.25}
    assert {str(row.day) for row in acme.rows("SELECT day FROM fitness.reading")} == {"2026-11-21"}


def test_a_member_who_moves_changes_nothing_of_what_was_counted_and_later_ones_count_there(acme: World):
    def row(key: str) -> str:
        return f"ada,w,steps,1,2026-11-20T02:00:00Z,,,{key},2026-11-20T02:00:00Z,\n"

    acme.run(uploaded(HEADER + row("before")))
    with acme.db.transaction() as connection:
        connection.exec_driver_sql("UPDATE fitness.member SET time_zone = 'America/New_York'")
    acme.run(uploaded(HEADER + row("before") + row("after"), key="workspaces/acme/2.csv"))
    found = acme.rows("SELECT external_id, day FROM fitness.reading")
    assert {each.external_id: str(each.day) for each in found} == {"before": "2026-11-20", "after": "2026-11-19"}


def test_chunks_are_written_once_each_whatever_attempt_writes_them(acme: World, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_READINGS_CHUNK_ROWS", "100")
    forget()
    event = uploaded(HEADER + lines(1000) + "bad row\n")
    original, calls = file_steps.prepare, []

    def dying(*arguments: Any) -> PreparedRows:
        calls.append(1)
        if len(calls) == 4:
            raise Interrupted("the machine went away")
        return original(*arguments)

    monkeypatch.setattr(file_steps, "prepare", dying)
    acme.run(event)
    acme.advance(120)
    [dead] = overdue()
    assert requeue(dead, "the machine went away", tries=1)
    acme.drain()
    [ended] = acme.deliveries()
    assert (ended["state"], ended["result"]["changed"], ended["result"]["rejected"]) == ("done", 1000, 1)
    assert len(calls) == 12  # three chunks, the one that died, and the eight that were left


@pytest.mark.parametrize("key", ["workspaces/globex/day.csv", "imports/1/day.csv", "workspaces/acme/../globex/day.csv"])
def test_a_neighbour_s_file_is_not_read(acme: World, key: str):
    event = uploaded(HEADER + lines(1)).model_copy(update={"blob": key})
    [ended] = acme.run(event)
    assert "none of workspace acme" in ended["last_error"]


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        ("a,b\n1,2\n", "csv", "lacks the column member_id"), ("", "csv", "lacks the column"),
        ("x", "parquet", "no Parquet"), ("x", "apple-health", "damaged"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_fails_and_says_why(acme: World, content: str, form: str, words: str):
    [ended] = acme.run(uploaded(content, form, member_id="ada"))
    assert ended["state"] == "failed"
    assert words in ended["last_error"]


def test_an_apple_export_is_read_for_its_member_and_a_later_one_corrects_it(acme: World):
    def export(value: int, made: str) -> bytes:
        times = "2026-11-20 03:00:00 +0100", "2026-11-20 03:01:00 +0100"
        night = record(SLEEP, "2026-11-19 23:00:00 +0100", "2026-11-20 06:00:00 +0100", CORE)
        xml = export_xml(record(SDNN, *times, value, "ms"), night)
        return export_zip(xml.replace(b"2026-11-21 08:00:00 +0100", made.encode()))

    put(export(40, "2026-11-21 08:00:00 +0100"), "workspaces/acme/export.zip")
    event = WearableDataReceived.model_validate(
        {"workspace_id": WorkspaceId("acme"), "provider": "apple", "provider_user": "ada", "data_type": "export"}
        | {"blob": "workspaces/acme/export.zip"}
    )
    ingested, imported = acme.run(event)
    assert (ingested["result"], imported["state"]) == ({"importing": "workspaces/acme/export.zip"}, "done")
    assert acme.readings() == {"hrv_sdnn": 40, "sleep_light_seconds": 7 * 3600, "sleep_seconds": 7 * 3600}
    later, sooner = export(50, "2026-11-22 08:00:00 +0100"), export(60, "2026-11-20 08:00:00 +0100")
    acme.run(uploaded(later, "apple-health", "workspaces/acme/2.zip", member_id="ada"))
    acme.run(uploaded(sooner, "apple-health", "workspaces/acme/3.zip", member_id="ada"))
    assert acme.readings()["hrv_sdnn"] == 50


def test_an_apple_export_of_nobody_here_is_refused(acme: World):
    [ended] = acme.run(uploaded(export_zip(export_xml()), "apple-health", member_id="eve"))
    assert "has no member eve" in ended["last_error"]


def test_readings_from_the_future_and_impossible_ones_are_not_stored(acme: World):
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    text = HEADER + f"ada,w,steps,1,{soon},,,a,,\nada,w,sleep_seconds,27000000,2026-11-20T07:00:00Z,,,b,,\n"
    [ended] = acme.run(uploaded(text))
    assert ended["result"]["reasons"] == {"impossible_value": 1, "measured_in_the_future": 1}
