"""Realistic CSVs of contacts: the same bytes for the same arguments, written as a stream."""

import random
from collections.abc import Iterator
from pathlib import Path

HEADER = "E-mail Address,First Name,Last Name,Phone Number,Company name,Job Title,City,Country,Tags,Plan,Notes\n"
_BATCH = 10_000

_FIRST = (
    "Anna",
    "Ben",
    "Chloé",
    "David",
    "Elif",
    "Finn",
    "Grace",
    "Hugo",
    "Inés",
    "Jonas",
    "Kaya",
    "Lena",
    "Mateo",
    "Noor",
    "Olga",
    "Pavel",
    "Quinn",
    "Rosa",
    "Samir",
    "Tomás",
    "Uma",
    "Viktor",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zoë",
)
_LAST = (
    "Smith",
    "Müller",
    "García",
    "Rossi",
    "Novák",
    "Jensen",
    "Dubois",
    "Kowalska",
    "Yılmaz",
    "O'Neill",
    "Silva",
    "Ivanova",
    "Schröder",
    "van den Berg",
    "Nguyen",
    "Okafor",
    "Haddad",
    "Larsen",
    "Moreau",
    "Tanaka",
)
_COMPANY = (
    "Acme GmbH",
    "Globex",
    '"Initech, Inc."',
    "Umbrella Ltd",
    "Hooli",
    '"Stark & Sons, LLC"',
    "Wayne Co",
    "Soylent",
)
_TITLE = ("CEO", "Sales Manager", "Engineer", "Head of Marketing", "Buyer", "Office Manager", "Consultant", "")
_CITY = (
    ("Berlin", "Germany"),
    ("Paris", "France"),
    ("Madrid", "Spain"),
    ("Praha", "Czechia"),
    ("Porto", "Portugal"),
    ("Leeds", "United Kingdom"),
    ("Boston", "United States"),
    ("Łódź", "Poland"),
)
_TAGS = ("customer", "lead;newsletter", "vip;customer", "", "partner", "lead")
_PLAN = ("free", "pro", "team", "")
_NOTES = ("", "", "", '"met at the fair, call back"', '"said ""maybe"""', "prefers e-mail")
_INVALID = ("not-an-address", "", "two@@signs.example", "space in@local.example")


def write_contacts(
    path: Path, rows: int, *, seed: int = 1, duplicates: float = 0.0, invalid: float = 0.0, ragged: float = 0.0
) -> Path:
    """Write a CSV of contacts.

    Args:
        path: file to write.
        rows: data rows.
        seed: of the random choices.
        duplicates: share of rows that repeat the e-mail of an earlier row.
        invalid: share of rows without a valid e-mail.
        ragged: share of rows with a cell too many.

    Returns:
        ``path``.
    """
    choose = random.Random(seed)  # noqa: S311 - sample data, no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        batch: list[str] = []
        for row in _rows(choose, rows, duplicates=duplicates, invalid=invalid, ragged=ragged):
            batch.append(row)
            if len(batch) == _BATCH:
                file.write("".join(batch))
                batch.clear()
        file.write("".join(batch))
    return path


def _rows(choose: random.Random, rows: int, *, duplicates: float, invalid: float, ragged: float) -> Iterator[str]:
    picked = choose.random
    for number in range(rows):
        first, last = _FIRST[int(picked() * len(_FIRST))], _LAST[int(picked() * len(_LAST))]
        fate = picked()
        if fate < duplicates and number:
            email = _email(int(picked() * number))
        elif fate < duplicates + invalid:
            email = _INVALID[number % len(_INVALID)]
        else:
            email = _email(number)
        city, country = _CITY[int(picked() * len(_CITY))]
        company = _COMPANY[int(picked() * len(_COMPANY))]
        rest = f"{_TITLE[number % 8]},{city},{country},{_TAGS[int(picked() * 6)]},{_PLAN[number % 4]}"
        notes = _NOTES[int(picked() * 6)] + (",surplus" if fate > 1 - ragged else "")
        yield f"{email},{first},{last},+49 30 {number % 10_000_000:07d},{company},{rest},{notes}\n"


def _email(number: int) -> str:
    """Unlike the row numbers themselves, these do not come sorted: an index has to take them as it would real ones."""
    scrambled = number * 2_654_435_761 % 2**32
    return (
        f"{_LAST[scrambled % 7].lower().encode('ascii', 'ignore').decode()}.{scrambled:08x}@mail{number % 97}.example"
    )
