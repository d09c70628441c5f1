"""The wheel has one top-level name, and everything that is in the checkout's rooms."""

import zipfile

import pytest

from tests.wheel import FOLDERS, ROOT, build_wheel


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
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert here - set(wheel) == set()
