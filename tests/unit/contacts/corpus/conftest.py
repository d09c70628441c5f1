"""Fixtures of the corpus."""

from tests.unit.contacts.imports.conftest import folder

__all__ = ["folder"]
