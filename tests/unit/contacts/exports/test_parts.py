"""A stream of bytes, cut into parts."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from groundwork.tasks.contacts.exports.parts import PartSink


@given(writes=st.lists(st.binary(max_size=30), max_size=20), part_bytes=st.integers(1, 20))
def test_parts_are_of_one_size_but_the_last_and_add_up_to_what_was_written(writes: list[bytes], part_bytes: int):
    sink = PartSink(part_bytes)
    parts = []
    for row, data in enumerate(writes, 1):
        assert sink.write(data) == len(data)
        parts += sink.full(row)
    parts += sink.rest(len(writes))
    whole = b"".join(writes)
    assert b"".join(part.data for part in parts) == whole
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert all(len(part.data) == part_bytes for part in parts[:-1])
    assert all(part.data for part in parts) or whole == b""
    assert (sink.size, sink.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_an_empty_file_is_one_empty_part():
    [part] = PartSink(10).rest(0)
    assert (part.number, bytes(part.data), part.rows) == (1, b"", 0)


def test_a_part_keeps_its_bytes_while_the_next_one_is_filled():
    sink = PartSink(4)
    sink.write(b"abcdefgh")
    first, second = sink.full(2)
    sink.write(b"xxxx")
    assert (bytes(first.data), bytes(second.data)) == (b"abcd", b"efgh")
