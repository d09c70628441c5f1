"""The order of unit tests: by chance, and the same again by its seed. Whatever leans on what ran before shows itself.

Tests with servers keep theirs: those of a file share one that they kill, or go on with each other's runs.
"""

import os
from collections.abc import Sequence
from itertools import groupby
from random import Random, randrange

import pytest

VARIABLE = "TEST_SEED"
"""Environment variable with the seed; 0 leaves tests as they are written. Processes of pytest-xdist inherit it."""
ANY_ORDER = "tests/unit/"


def seed() -> int:
    """The seed of this run, drawn now if nobody has given one."""
    return int(os.environ.setdefault(VARIABLE, str(randrange(1, 2**32))))


def shuffled(items: Sequence[pytest.Item], number: int) -> list[pytest.Item]:
    """Unit tests in an order of chance, file by file; the others where they were.

    Args:
        number: the seed.
    """
    if number == 0:
        return list(items)
    random = Random(number)
    files = [list(tests) for _, tests in groupby(items, key=file_of)]
    unit = [tests for tests in files if file_of(tests[0]).startswith(ANY_ORDER)]
    others = [tests for tests in files if not file_of(tests[0]).startswith(ANY_ORDER)]
    random.shuffle(unit)
    for tests in unit:
        random.shuffle(tests)
    return [test for tests in [*others, *unit] for test in tests]


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
