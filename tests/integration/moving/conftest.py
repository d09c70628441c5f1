"""What the examples of a page need: types and jobs that are no other test's."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from groundwork.events import base


@pytest.fixture(autouse=True)
def own_events() -> Iterator[None]:
    """Event types for this test alone."""
    before = dict(base._registry), dict(base._aliases)
    yield
    for registry, entries in zip((base._registry, base._aliases), before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.fixture
def own_module(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The namespace of a module for this test alone."""
    made = ModuleType("moved_jobs")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return vars(made)
