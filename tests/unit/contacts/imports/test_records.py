"""Record boundaries must be where Arrow's parser sees them, whatever the quotes."""

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.tasks.contacts.imports.reading.lines import (
    count_lines,
    first_record_end,
    last_record_end,
    unclosed_quote,
)

awkward = st.text(alphabet='a,"\n\r;', max_size=60).map(str.encode)


def _arrow_rows(data: bytes) -> int:
    """Records as Arrow counts them, blank ones included."""
    seen = []
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        pa.csv.ReadOptions(column_names=["a"], block_size=1000, use_threads=False),
        pa.csv.ParseOptions(
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=lambda row: seen.append(row) or "skip",
        ),
    )
    return len(table) + len(seen)


@given(awkward)
def test_both_parts_of_a_file_cut_at_a_boundary_hold_the_same_records_as_the_whole(data: bytes) -> None:
    end = last_record_end(data, ",", complete=False)
    if 0 < end < len(data) and unclosed_quote(data, ",") is None:
        assert _arrow_rows(data[:end]) + _arrow_rows(data[end:]) == _arrow_rows(data)


@given(awkward)
def test_what_follows_the_last_boundary_is_at_most_one_record(data: bytes) -> None:
    end = last_record_end(data, ",", complete=True)
    rest = data[end:]
    if rest and unclosed_quote(rest, ",") is None:
        assert _arrow_rows(rest) == 1


@given(awkward)
def test_the_first_record_is_one_record(data: bytes) -> None:
    end = first_record_end(data, ",")
    if end:
        assert _arrow_rows(data[:end]) == 1


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"a,b\nc,d\ne", 8),
        (b'a,"b\nc', 0),
        (b'a,"b\nc"\nd', 8),
        (b'5" pipe,x\ny', 10),
        (b'a,"say ""hi""\n"\nb', 16),
        (b"a\r\nb\r", 3),
        (b"a\rb\rc", 4),
    ],
)
def test_the_last_boundary_is_behind_a_line_end_outside_quotes(data: bytes, end: int) -> None:
    assert last_record_end(data, ",", complete=False) == end


def test_a_carriage_return_at_the_end_of_a_block_waits_for_its_line_feed() -> None:
    assert last_record_end(b"a\nb\r", ",", complete=False) == 2
    assert last_record_end(b"a\nb\r", ",", complete=True) == 4


def test_all_three_line_ends_count_once() -> None:
    assert count_lines(b"a\nb\r\nc\rd") == 3


def test_an_unclosed_quote_is_found_where_it_opens() -> None:
    assert unclosed_quote(b'a,"b",c"\n"d', ",") == 9
    assert unclosed_quote(b'a,"b""",c', ",") is None
