"""The home of a running Groundwork."""

import os
import stat
from pathlib import Path

from groundwork.deployments.up.home import Home


def test_a_log_that_an_earlier_version_set_aside_is_the_oldest_of_those_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.logs / "gateway.log").write_bytes(b"short")
    (home.logs / "gateway.log.old").write_bytes(b"x")
    with home.held():
        assert sorted(path.name for path in home.logs.iterdir()) == ["gateway.log", "gateway.log.3"]


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}


def test_a_home_that_others_could_read_is_kept_from_them_at_the_next_start(tmp_path: Path) -> None:
    folder, outside = tmp_path / "home", tmp_path / "outside"
    outside.write_text("of somebody else")
    outside.chmod(0o644)
    before = os.umask(0o022)
    try:
        (folder / "blobs" / "imports").mkdir(parents=True)
        (folder / "blobs" / "imports" / "contacts.csv").write_text("ada@example.com")
        (folder / "programme").touch(mode=0o755)
        (folder / "link").symlink_to(outside)
        with Home(folder).held():
            (folder / "up.json").write_text("{}")
            assert modes(folder).items() >= {"home": 0o700, "up.json": 0o600, "up.lock": 0o600, "logs": 0o700}.items()
            assert modes(folder).items() >= {"imports": 0o700, "contacts.csv": 0o600, "programme": 0o700}.items()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_new_home_is_for_its_owner_only(tmp_path: Path) -> None:
    Home(tmp_path / "a" / "home")
    assert modes(tmp_path / "a") == {"a": 0o700, "home": 0o700, "logs": 0o700}
