"""A stream of bytes, cut into parts."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from groundwork.tasks.contacts.exports.parts import PartSink


@given(
    writes=st.lists(st.lists(st.binary(max_size=30), max_size=3), max_size=20),
    part_bytes=st.integers(1, 20),
    takes_back=st.booleans(),
)
def test_parts_are_of_one_size_but_the_last_and_add_up_to_what_was_written(
    writes: list[list[bytes]], part_bytes: int, takes_back: bool
):
    sink = PartSink(part_bytes)
    numbers, parts = [], []

    def take(handed_out):
        for part in handed_out:
            numbers.append(part.number)
            parts.append(bytes(part.data))
            if takes_back:
                sink.take_back(part)

    for row, batch in enumerate(writes, 1):
        for data in batch:
            assert sink.write(data) == len(data)
        take(sink.full(row))
    take(sink.rest(len(writes)))
    whole = b"".join(data for batch in writes for data in batch)
    assert b"".join(parts) == whole
    assert numbers == list(range(1, len(parts) + 1))
    assert all(len(part) == part_bytes for part in parts[:-1])
    assert all(parts) or whole == b""
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


def test_memory_that_is_taken_back_is_filled_again():
    sink = PartSink(4)
    memory = set()
    for _ in range(10):
        sink.write(b"abcdef")
        for part in sink.full(1):
            memory.add(id(part.data.obj))
            sink.take_back(part)
    assert len(memory) == 1
