"""Patterns as PostgreSQL reads them: what is translated, and what is not since it would mean something else there."""

import pytest

from groundwork.events.checked_in_sql import checked_in_sql
from groundwork.events.shapes import shape_of, unchecked_places
from groundwork.events.sql_patterns import Untranslatable, postgres_pattern


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        (r"^[a-z]{1,20}$", "^[a-z]{1,20}$"),
        (r"a.b", r"a[^\n]b"),
        (r"\d+?", "[0-9]+"),
        (r"(?P<year>\d{4})|x", "(?:[0-9]{4})|x"),
        (r"[^\x00-\x1f]", r"[^\u0001-\u001F]"),
        (r"a-b_c", r"a\u002Db\u005Fc"),
        (r"[]a]", r"[\u005Da]"),
        ("é", r"\u00E9"),
    ],
)
def test_what_both_mean_alike_is_written_in_postgresql_s_way(pattern, translated):
    assert postgres_pattern(pattern) == f"***:{translated}"


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            r"(?i)a",
            r"(?=a)",
            r"\bword\b",
            r"[^\d]",
            r"\D",
            r"\p{L}",
            r"a{1,256}",
            r"a++",
            r"a**",
            r"[a[b]]",
            r"[a&&b]",
        ),
        *(r"\x0", "a\\", "*a", r"[z-a]", "[a", r"\x00"),
    ],
)
def test_what_would_mean_something_else_is_not_translated(pattern):
    with pytest.raises(Untranslatable):
        postgres_pattern(pattern)


def test_a_rule_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="no rule patern"):
        checked_in_sql(patern="x")


def test_all_of_the_catalogue_can_be_checked_in_sql():
    from groundwork.events.catalogue import event_types

    types = [each for each in event_types().values() if each.__module__.startswith("groundwork.events.")]
    assert {
        each.event_name: unchecked_places(shape_of(each)) for each in types if unchecked_places(shape_of(each))
    } == {}
