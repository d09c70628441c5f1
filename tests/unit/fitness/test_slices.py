"""Activities are written in groups that are for so many feeds together."""

from hypothesis import given
from hypothesis import strategies as st

from groundwork.tasks.fitness.feed.fan_out import Found, slices


@given(st.lists(st.integers(1, 100)), st.integers(1, 100))
def test_all_are_written_once_in_order_and_no_group_is_for_more_than_one_step_takes(followers, rows):
    found = [Found(id=number, followers=each, pulled=False) for number, each in enumerate(followers)]
    groups = slices(found, rows)
    assert [each for group in groups for each in group] == list(range(len(followers)))
    assert all(len(group) == 1 or sum(followers[each] for each in group) <= rows for group in groups)


def test_a_usual_batch_is_one_group():
    assert slices([Found(id=each, followers=10, pulled=False) for each in range(500)], 10_000) == [list(range(500))]
