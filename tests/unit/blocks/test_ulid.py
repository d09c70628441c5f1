"""ULIDs and the ids that they are."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.blocks.ulid import id_of, ulid_of


def test_the_example_of_the_specification() -> None:
    id = id_of("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert id is not None
    assert id.int >> 80 == 1469922850259
    assert ulid_of(id) == "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@given(st.integers(0, 2**128 - 1))
def test_every_id_is_a_ulid_and_back(number: int) -> None:
    id = UUID(int=number)
    assert id_of(ulid_of(id)) == id_of(ulid_of(id).lower()) == id


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
def test_ulids_sort_as_their_ids_do(one: int, other: int) -> None:
    assert (ulid_of(UUID(int=one)) < ulid_of(UUID(int=other))) is (one < other)


@pytest.mark.parametrize(
    "text", ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "8" + "0" * 25, "U" * 26, "01ARZ3NDEKTSV4RRFFQ69G5FAı"]
)
def test_what_is_no_ulid_is_no_id(text: str) -> None:
    assert id_of(text) is None
