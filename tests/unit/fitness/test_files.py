"""Files of readings: chunks, judgement, and the rows that are rejected."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.files.prepare import STAGED, Context, PreparedRows, prepare
from groundwork.tasks.fitness.files.source import csv_chunks, parquet_chunks

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONTEXT = Context(pa.array(["ada", "bob"]), np.array([1, 0]), ["America/New_York", "Europe/Berlin"], NOW, NOW)
HEADER = "member_id,source,metric,value,measured_at,unit,day,external_id,updated_at,deleted\n"
GOOD = "ada,watch,hrv_rmssd,48,2026-11-20T07:12:00+01:00,ms,,n1,2026-11-20T08:00:00Z,\n"


def prepared(text: str | bytes, rows: int = 1000) -> list[PreparedRows]:
    data = text.encode() if isinstance(text, str) else text
    return [prepare(chunk, CONTEXT) for chunk in csv_chunks(io.BytesIO(data), rows)]


def staged(*chunks: PreparedRows) -> list[dict[str, str]]:
    lines = [line for chunk in chunks for line in bytes(chunk.payload).decode().split("\n")[:-1]]
    return [dict(zip(STAGED, line.split("\t"), strict=True)) for line in lines]


def reasons(text: str | bytes) -> list[tuple[int, str]]:
    return [
        (row["line"], row["reason"])
        for chunk in prepared(text)
        if chunk.rejects is not None
        for row in chunk.rejects.to_pylist()
    ]


def test_a_row_arrives_in_our_units_and_on_its_day():
    [row] = staged(*prepared(HEADER + GOOD + ""))
    assert row == {
        "member_id": "ada", "source": "watch", "metric": "hrv_rmssd", "external_id": "n1",
        "day": str((datetime(2026, 11, 20) - datetime(1970, 1, 1)).days), "value": "48",
        "measured_us": str(int(datetime(2026, 11, 20, 6, 12, tzinfo=UTC).timestamp()) * 1_000_000),
        "updated_us": str(int(datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp()) * 1_000_000), "deleted": "f",
    }  # fmt: skip


def test_units_are_converted():
    rows = "".join(
        f"ada,w,{metric},{value},2026-11-20T07:12:00Z,{unit},,x{unit},,\n"
        for metric, value, unit in [
            ("sleep_seconds", 27_000_000, "ms"),
            ("sleep_seconds", 7.5, "h"),
            ("spo2", 0.97, "1"),
        ]
    )
    assert [float(row["value"]) for row in staged(*prepared(HEADER + rows))] == [27000, 27000, 97]


def test_plain_utc_counts_in_each_member_s_zone():
    rows = "".join(f"{name},w,steps,1,2026-11-20T02:00:00Z,,,,,\n" for name in ("ada", "bob"))
    ada, bob = (int(row["day"]) for row in staged(*prepared(HEADER + rows)))
    assert ada - bob == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("eve,w,steps,1,2026-11-20T07:12:00Z,,,,,", "unknown_member"),
        ("ada,w,mood,1,2026-11-20T07:12:00Z,,,,,", "unknown_metric"),
        ("ada,w,hrv_rmssd,1,2026-11-20T07:12:00Z,furlong,,,,", "wrong_unit"),
        ("ada,w,steps,NaN,2026-11-20T07:12:00Z,,,,,", "bad_value"),
        ("ada,w,steps,inf,2026-11-20T07:12:00Z,,,,,", "bad_value"),
        ("ada,w,steps,\"1,000\",2026-11-20T07:12:00Z,,,,,", "bad_value"),
        ("ada,w,steps,1e999,2026-11-20T07:12:00Z,,,,,", "impossible_value"),
        ("ada,w,steps,,2026-11-20T07:12:00Z,,,,,", "bad_value"),
        ("ada,w,steps,-1,2026-11-20T07:12:00Z,,,,,", "impossible_value"),
        ("ada,w,sleep_seconds,27000000,2026-11-20T07:12:00Z,,,,,", "impossible_value"),
        ("ada,w,steps,1,2026-11-20T07:12:00,,,,,", "bad_measured_at"),
        ("ada,w,steps,1,2026-02-30T07:12:00Z,,,,,", "bad_measured_at"),
        ("ada,w,steps,1,2026-11-22T07:12:00Z,,,,,", "measured_in_the_future"),
        ("ada,w,steps,1,1970-01-01T00:00:00Z,,,,,", "measured_before_there_were_wearables"),
        ("ada,w,steps,1,2026-11-20T07:12:00Z,,2026-11-17,,,", "bad_day"),
        ("ada,w,steps,1,2026-11-20T07:12:00Z,,soon,,,", "bad_day"),
        ("ada,w,steps,1,2026-11-20T07:12:00Z,,,,soon,", "bad_updated_at"),
        ("ada,w,steps,1,2026-11-20T07:12:00Z,,,,2027-01-01T00:00:00Z,", "updated_in_the_future"),
        ("ada,,steps,1,2026-11-20T07:12:00Z,,,,,", "bad_source"),
        (f"ada,w,steps,1,2026-11-20T07:12:00Z,,,{'x' * 201},,", "bad_external_id"),
        ("ada,w,steps,1,,,,,,true", "bad_external_id"),
        ("ada,w,steps,1,2026-11-20T07:12:00Z", "wrong_number_of_columns"),
        ("ada,w\x00,steps,1,2026-11-20T07:12:00Z,,,,,", "control_character"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_rejected_with_its_line_and_the_others_are_kept(row: str, reason: str):
    text = HEADER + GOOD + row + "\n" + GOOD
    assert reasons(text) == [(3, reason)]
    assert len(staged(*prepared(text))) == 2


def test_blank_lines_are_no_rows():
    chunks = prepared(HEADER + "\n" + GOOD + "\n,,,,,,,,,\nbad row\n")
    assert (sum(chunk.rows for chunk in chunks), len(staged(*chunks))) == (2, 1)
    assert reasons(HEADER + "\n" + GOOD + "\n,,,,,,,,,\nbad row\n") == [(6, "wrong_number_of_columns")]


def test_a_deletion_needs_no_value():
    [row] = staged(*prepared(HEADER + "ada,w,steps,,,,,n9,2026-11-20T08:00:00Z,yes\n"))
    assert (row["deleted"], row["value"], row["day"], row["measured_us"]) == ("t", "\\N", "\\N", "\\N")


def test_chunks_are_cut_at_the_same_rows_and_lines_go_on():
    text = HEADER + "".join(GOOD if number % 7 else "bad row\n" for number in range(50))
    whole, cut = prepared(text), prepared(text, rows=10)
    assert len(cut) == 5
    assert staged(*whole) == staged(*cut)
    assert [row["line"] for chunk in cut for row in chunk.rejects.to_pylist()] == [2 + 7 * each for each in range(8)]


def test_text_that_is_no_utf_8_is_an_unknown_member_and_no_end_of_the_file():
    assert reasons((HEADER + GOOD).encode() + b"\xff\xfe,w,steps,1,2026-11-20T07:12:00Z,,,,,\n") == [
        (3, "unknown_member")
    ]


def test_a_quoted_cell_is_a_cell_and_a_quote_that_stays_open_names_its_lines():
    quoted = GOOD.replace("watch", '"wa,tch"')
    assert staged(*prepared(HEADER + quoted))[0]["source"] == "wa,tch"
    with pytest.raises(NonRetriable, match=r"lines 12 to 21 a quote"):
        prepared(HEADER + GOOD * 13 + 'ada,"watch,steps\n' + GOOD * 13, rows=10)


def test_the_cut_does_not_depend_on_how_the_store_gives_its_bytes(monkeypatch: pytest.MonkeyPatch):
    data = (HEADER + "".join(GOOD.replace("n1", f"n{number}") for number in range(95))).encode().removesuffix(b"\n")
    whole = [chunk.table.to_pylist() for chunk in csv_chunks(io.BytesIO(data), 10)]
    assert [len(each) for each in whole] == [10] * 9 + [5]
    for size in (1, 7, 100, 1000):
        monkeypatch.setattr("groundwork.tasks.fitness.files.source._BLOCK", size)
        assert [chunk.table.to_pylist() for chunk in csv_chunks(io.BytesIO(data), 10)] == whole


def test_windows_line_ends_a_byte_order_mark_and_other_columns_are_borne_with():
    header = HEADER.replace("member_id", "\ufeffMember_ID").replace("unit", "note").replace("\n", "\r\n")
    assert len(staged(*prepared(header + GOOD.replace("\n", "\r\n")))) == 1


@pytest.mark.parametrize(
    "text", ["", "member_id;source\n", "a,b,c\n", "member_id,member_id,source,metric,value,measured_at\n"]
)
def test_a_file_without_its_columns_says_which(text: str):
    with pytest.raises(NonRetriable, match="column"):
        prepared(text)


def test_rejected_cells_open_no_formula_in_a_spreadsheet():
    [chunk] = prepared(HEADER + "=cmd|' /C calc'!A0,w,steps,-5,2026-11-20T07:12:00Z,,,,,\n")
    [row] = chunk.rejects.to_pylist()
    assert (row["member_id"], row["value"]) == ("'=cmd|' /C calc'!A0", "-5")


def parquet(table: pa.Table) -> io.BytesIO:
    target = io.BytesIO()
    pyarrow.parquet.write_table(table, target)
    target.seek(0)
    return target


def test_parquet_with_types_of_its_own_is_the_same():
    moment = datetime(2026, 11, 20, 7, 12, tzinfo=UTC)
    moments = pa.array([moment, moment + timedelta(seconds=1)], pa.timestamp("ms", "Europe/Berlin"))
    table = pa.table({
        "member_id": pa.array(["ada", "eve"]).dictionary_encode(), "source": ["w", "w"], "metric": ["steps", "steps"],
        "value": [7.0, 8.0], "measured_at": moments,
        "deleted": [False, False], "day": pa.array([moment.date()] * 2), "other": [[1], [2]],
    })  # fmt: skip
    [chunk] = [prepare(each, CONTEXT) for each in parquet_chunks(parquet(table), 100)]
    [row] = staged(chunk)
    assert (row["value"], row["measured_us"]) == ("7", str(int(moment.timestamp()) * 1_000_000))
    assert chunk.reasons == {"unknown_member": 1}


def test_what_is_no_parquet_says_so():
    for data in (b"", b"PAR1", b"x" * 100, parquet(pa.table({"a": [1]})).getvalue()):
        with pytest.raises(NonRetriable, match=r"no Parquet|column"):
            list(parquet_chunks(io.BytesIO(data), 10))


def test_a_store_that_fails_is_no_fault_of_the_file():
    class Away(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("the store went away")

    for chunks in (parquet_chunks, csv_chunks):
        with pytest.raises(ConnectionResetError):
            list(chunks(Away(b"x" * 1000), 10))
