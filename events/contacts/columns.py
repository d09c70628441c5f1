"""The columns that every contact has: their names and their limits. Nobody else lists them.

``tests/unit/contacts/test_columns.py`` holds the table in the database and the SQL of the import against this.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContactColumn:
    """One column of ``app.contact`` that a file can fill.

    Attributes:
        name: in the database, in events and in the header of an export.
        label: in the header of an export for people.
        most_characters: of a value; a longer one rejects its row. None for tags, which are many values.
    """

    name: str
    label: str
    most_characters: int | None


# 254 is the longest e-mail address that can be delivered (RFC 5321).
CONTACT_COLUMNS = (
    ContactColumn("email", "E-mail", 254),
    ContactColumn("first_name", "First name", 255),
    ContactColumn("last_name", "Last name", 255),
    ContactColumn("phone", "Phone", 64),
    ContactColumn("company", "Company", 255),
    ContactColumn("job_title", "Job title", 255),
    ContactColumn("city", "City", 255),
    ContactColumn("country", "Country", 255),
    ContactColumn("tags", "Tags", None),
)
"""In the order of a full export."""
STANDARD_COLUMNS = tuple(each.name for each in CONTACT_COLUMNS)
LABELS = {each.name: each.label for each in CONTACT_COLUMNS}
MOST_CHARACTERS = {each.name: each.most_characters for each in CONTACT_COLUMNS if each.most_characters is not None}
"""Longest value per column of one value, in characters."""
TEXT_COLUMNS = tuple(MOST_CHARACTERS)
CUSTOM_PREFIX = "custom."
"""Before the name of a custom field, where columns are named."""
TAG_SEPARATOR = ";"
"""Between the tags of one cell, as exports write it. Imports split at it, and at what other programs write."""
