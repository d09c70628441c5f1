"""The columns that every contact has: their names, their limits, and what files call them. Nobody else lists them.

``tests/unit/contacts/test_columns.py`` holds the table in the database and the SQL of the import against this.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContactColumn:
    """One column of ``app.contact`` that a file can fill.

    Attributes:
        name: in the database, in events and in the header of an export.
        most_characters: of a value; a longer one rejects its row. None for tags, which are many values.
        synonyms: headers that an import takes for it, whatever their case, spaces and punctuation.
    """

    name: str
    most_characters: int | None
    synonyms: tuple[str, ...]


# 254 is the longest e-mail address that can be delivered (RFC 5321). The comments below name
# exports that are not in plain English.
CONTACT_COLUMNS = (
    ContactColumn("email", 254, (
        "email", "mail", "email address", "mail address", "email 1", "primary email", "work email", "contact email",
        "email 1 value",  # Google Contacts
        "email 1 address",  # Outlook.com
        "email adresse", "adresse email", "courriel", "correo electronico",
    )),
    ContactColumn("first_name", 255, (
        "first name", "given name", "forename", "fname", "vorname", "prenom", "nombre",
    )),
    ContactColumn("last_name", 255, (
        "last name", "family name", "surname", "lname", "nachname", "nom", "apellidos",
    )),
    ContactColumn("phone", 64, (
        "phone", "phone number", "telephone", "tel", "mobile", "mobile phone", "mobile phone number", "cell",
        "cell phone", "primary phone", "business phone", "home phone", "work phone",
        "phone 1 value",  # Google Contacts
        "telefon", "telefonnummer", "handy",
    )),
    ContactColumn("company", 255, (
        "company", "company name", "organization", "organisation", "employer", "account name", "associated company",
        "organization name", "organization 1 name",  # Google Contacts, now and before 2024
        "firma", "unternehmen", "societe",
    )),
    ContactColumn("job_title", 255, (
        "job title", "title", "position", "role", "jobtitle",
        "organization title", "organization 1 title",  # Google Contacts
    )),
    ContactColumn("city", 255, (
        "city", "town", "business city", "home city", "mailing city", "stadt", "ort", "ville",
        "address 1 city",  # Google Contacts
    )),
    ContactColumn("country", 255, (
        "country", "country region", "business country", "business country region", "home country",
        "home country region", "mailing country", "land", "pays",
        "address 1 country",  # Google Contacts
    )),
    ContactColumn("tags", None, ("tags", "tag", "labels", "label", "groups", "group membership", "categories")),
)  # fmt: skip
"""In the order of a full export."""
STANDARD_COLUMNS = tuple(each.name for each in CONTACT_COLUMNS)
MOST_CHARACTERS = {each.name: each.most_characters for each in CONTACT_COLUMNS if each.most_characters is not None}
"""Longest value per column of one value, in characters."""
TEXT_COLUMNS = tuple(MOST_CHARACTERS)
CUSTOM_PREFIX = "custom."
"""Before the name of a custom field, where columns are named."""
TAG_SEPARATOR = ";"
"""Between the tags of one cell, as exports write it. Imports split at it, and at what other programs write."""
