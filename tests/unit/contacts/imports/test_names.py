"""Full names are split as a person would split them."""

import pytest

from tests.unit.contacts.imports.files import Folder


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ada Byron", "Ada", "Byron"),
        ("Byron, Ada", "Ada", "Byron"),
        ("Ada\u00a0Byron", "Ada", "Byron"),
        ("Ada", "Ada", None),
        ("Byron,", None, "Byron"),
        (", Ada", "Ada", None),
        ("Ada Byron, PhD", "Ada", "Byron, PhD"),
        ("Byron, Ada, PhD, MBA", "Ada", "Byron, PhD, MBA"),
        ("Ma, Li", "Li", "Ma"),
        ("Li, Ma", "Ma", "Li"),
    ],
)
def test_a_name_is_split(folder: Folder, name: str, first: str | None, last: str | None) -> None:
    [row] = folder.rows(f'Email,Name\na@x.de,"{name}"\n')
    assert (row["first_name"], row["last_name"]) == (first, last)
