"""The order of tests: by chance, and the same again by its seed. Whatever leans on what ran before shows itself."""

import os
from collections.abc import Sequence
from itertools import groupby
from random import Random, randrange

import pytest

VARIABLE = "TEST_SEED"
"""Environment variable with the seed; 0 leaves tests as they are written. Processes of pytest-xdist inherit it."""
SHUFFLED = "TEST_SHUFFLED"
"""Environment variable: ``unit``, the default, or ``all``. Tests with servers share those of their process, and not all
of them leave those as they have found them yet."""
_UNIT = "tests/unit/"
AS_WRITTEN = "as_written"
"""Marker of files whose tests go on with each other's work."""
LAST = "runs_last"
"""Marker of tests that end a process which the others of their file use."""


def seed() -> int:
    """The seed of this run, drawn now if nobody has given one."""
    return int(os.environ.setdefault(VARIABLE, str(randrange(1, 2**32))))


def scope() -> str:
    """Which tests run in an order of chance.

    Raises:
        pytest.UsageError: the environment asks for something else.
    """
    wanted = os.environ.get(SHUFFLED) or "unit"
    if wanted not in ("unit", "all"):
        raise pytest.UsageError(f"{SHUFFLED}={wanted}: there are unit and all")
    return wanted


def shuffled(items: Sequence[pytest.Item], number: int) -> list[pytest.Item]:
    """Files in an order of chance, and the tests of each; without ``TEST_SHUFFLED=all`` those of unit tests, after the
    others.

    Tests of a class stay together, since they share what is made for it. What ends a process that others use comes
    after them, as it is written; so do all tests of a file that says so.

    Args:
        number: the seed.
    """
    if number == 0:
        return list(items)
    random = Random(number)
    files = [list(tests) for _, tests in groupby(items, key=file_of)]
    of_chance = "" if scope() == "all" else _UNIT
    as_written = [tests for tests in files if not file_of(tests[0]).startswith(of_chance)]
    by_chance = [_by_chance(tests, random) for tests in files if file_of(tests[0]).startswith(of_chance)]
    random.shuffle(by_chance)
    return [test for tests in [*as_written, *by_chance] for test in tests]


def _by_chance(tests: Sequence[pytest.Item], random: Random) -> list[pytest.Item]:
    last = [test for test in tests if test.get_closest_marker(LAST) or test.get_closest_marker(AS_WRITTEN)]
    others = [test for test in tests if test not in last]
    groups = [list(group) for _, group in groupby(others, key=lambda test: getattr(test, "cls", None) or test.nodeid)]
    random.shuffle(groups)
    for group in groups:
        random.shuffle(group)
    return [*(test for group in groups for test in group), *last]


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
