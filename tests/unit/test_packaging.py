"""The wheel has one top-level name, and everything that is in the checkout's rooms."""

import zipfile

import pytest

from tests.wheel import FOLDERS, ROOT, build_wheel

HOSTING = ROOT / "deployments" / "hosting"
"""What an installation is made of. It comes with the checkout, and not with the wheel, which is a part of it."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel that is built of this checkout."""
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as archive:
        return archive.namelist()


def test_its_only_top_level_name_is_groundwork(wheel: list[str]):
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"groundwork"}


def test_it_has_every_file_of_the_rooms(wheel: list[str]):
    here = {
        f"groundwork/{name}/{file.relative_to(ROOT / folder).as_posix()}"
        for name, folder in FOLDERS.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and HOSTING not in file.parents
    }
    assert here - set(wheel) == set()


def test_files_of_an_installation_are_not_in_it(wheel: list[str]):
    assert HOSTING.is_dir()
    assert [name for name in wheel if name.startswith("groundwork/deployments/hosting")] == []
