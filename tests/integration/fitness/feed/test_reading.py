"""A feed is read in pages that follow each other without gaps or repeats."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.feed.fan_out import Named
from tests.integration.fitness.feed.gym import ACME


@pytest.fixture
def posts(db, members) -> list[str]:
    """Nine posts of three times, in Ben's feed; the newest first."""
    members.follow("ben", "ada")
    ids = [f"p{number}" for number in range(9)]
    for each in ids:
        members.post("ada", each)
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE fitness.activity SET at = timestamptz '2026-11-01' + (id / 3) * interval '1 microsecond'"
                " WHERE verb = 'post'"
            )
        )
    members.fan_out("post", [Named(actor_id="ada", post_id=each) for each in ids])
    return ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 4, 9, 10])
def test_pages_follow_each_other_also_within_one_time(members, posts, limit):
    found, before = [], None
    while page := members.feed("ben", before, limit):
        found += [each.post_id for each in page]
        before = page[-1].cursor
    assert found == posts


def test_what_comes_in_at_the_top_or_goes_moves_no_page(members, posts):
    first = members.feed("ben", limit=4)
    members.post("ada", "new")
    members.fan_out("post", [Named(actor_id="ada", post_id="new")])
    members.delete(posts[3])
    members.delete(posts[5])
    second = members.feed("ben", first[-1].cursor, limit=10)
    assert [each.post_id for each in second] == [posts[4], *posts[6:]]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-", "-1-2", "1-2-3", "1" * 40 + "-1", "١-١"])
def test_a_cursor_that_is_none_is_refused(members, cursor):
    with pytest.raises(NonRetriable, match="is no cursor of a feed"):
        members.feed("ben", cursor)


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_has_a_size(members, limit):
    with pytest.raises(NonRetriable, match="1 to 100 items"):
        members.feed("ben", None, limit)


def test_what_the_docs_say_of_a_route_handler_works(db, members):
    page = (Path(__file__).parents[4] / "docs" / "fitness-feed.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known: dict[str, object] = {"database": lambda: db, "workspace_id": ACME}
    exec(program, known)
    assert known["page"] == []
    members.fan_out("post", [Named(actor_id="ada", post_id=str(known["post_id"]))])
    assert [each.post_text for each in members.feed("ben")] == ["First pull-up today"]
