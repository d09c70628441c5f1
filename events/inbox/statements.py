"""The inbox's named statements, from ``inbox.sql`` beside this file."""

from functools import partial
from pathlib import Path

from blocks.sql import statement

inbox_statement = partial(statement, Path(__file__).with_name("inbox.sql"))
"""A statement of ``inbox.sql`` by its name."""
