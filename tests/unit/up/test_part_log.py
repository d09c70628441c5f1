"""Logs of parts while they flood: bounded, with every line whole and in its place, and followed over rotations."""

import os
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from groundwork.deployments.up.log_writer import LOG_BYTES, LOGS_KEPT, RotatingLog
from groundwork.deployments.up.logs import LogTail
from groundwork.deployments.up.part import Part
from groundwork.deployments.up.stream import Stream
from tests.waiting import wait_until

FLOOD = """
import os, sys
lines, length = int(sys.argv[1]), int(sys.argv[2])
both = sys.argv[3] == "2"
who = "child" if both and os.fork() == 0 else "parent"
for number in range(lines):
    os.write(1, f"{who} {number:08} {'x' * length}\\n".encode())
if both and who == "parent":
    os.wait()
"""


def flood(tmp_path: Path, lines: int, length: int, processes: int = 2) -> Part:
    (tmp_path / "logs").mkdir(exist_ok=True)
    command = [sys.executable, "-c", FLOOD, str(lines), str(length), str(processes)]
    return Part("relay", command, dict(os.environ), tmp_path / "logs" / "relay.log")


def run(part: Part) -> None:
    part.start()
    wait_until(lambda: part.exit_code is not None, 60, "the flood is over")
    part.close_log()
    assert part.exit_code == 0


def logged(log: Path) -> list[str]:
    """Lines of all files, the oldest first."""
    files = [*(log.with_name(f"{log.name}.{number}") for number in range(LOGS_KEPT, 0, -1)), log]
    return [line for file in files if file.exists() for line in file.read_text().splitlines()]


@pytest.mark.parametrize(("length", "processes"), [(300, 2), (4_000, 2), (30_000, 1)])
def test_no_line_is_lost_or_torn_at_a_rotation_and_whoever_follows_sees_each_once(
    tmp_path: Path, length: int, processes: int
):
    lines = 20 * 1024 * 1024 // processes // length
    part = flood(tmp_path, lines, length, processes)
    seen: list[str] = []
    tail = LogTail(part.log.parent, Stream(seen.append, colours=False))
    run(part)
    tail.close()
    said = [f"{who} {number:08} {'x' * length}" for who in ("parent", "child")[:processes] for number in range(lines)]
    assert part.log.with_name("relay.log.2").exists()
    found = logged(part.log)
    assert Counter(found) == Counter(said)
    assert [line for line in found if line.startswith("parent")] == said[:lines]
    assert seen == [f"relay    | {line}" for line in found]


def test_a_flood_does_not_take_more_than_its_share_of_the_disk(tmp_path: Path):
    part = flood(tmp_path, 30_000, 1000)
    run(part)
    files = sorted(part.log.parent.iterdir())
    assert [file.name for file in files] == ["relay.log", *(f"relay.log.{n}" for n in range(1, LOGS_KEPT + 1))]
    assert all(file.stat().st_size <= LOG_BYTES for file in files)
    assert "parent 00029999" in " ".join(line[:15] for line in logged(part.log)[-40_000:])


def test_output_without_line_ends_is_bounded_too(tmp_path: Path):
    log = tmp_path / "relay.log"
    command = [sys.executable, "-c", f"import os\nfor _ in range(800): os.write(1, b'x' * {LOG_BYTES // 100})"]
    run(Part("relay", command, dict(os.environ), log))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= (LOGS_KEPT + 1) * LOG_BYTES


def test_two_writers_of_one_log_share_its_rotations(tmp_path: Path):
    path = str(tmp_path / "relay.log")
    one, other = RotatingLog(path, 100), RotatingLog(path, 100)
    for number in range(12):
        (one, other)[number % 2].write(f"line {number:02} {'x' * 20}\n".encode())
    assert [line[5:7] for line in logged(Path(path))] == [f"{number:02}" for number in range(12)]
    assert all(file.stat().st_size <= 100 for file in tmp_path.iterdir())


def writer_of(part: Part) -> psutil.Process:
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # another test's, which has just ended
            if each.cmdline()[-1:] == [str(part.log)]:
                found.append(each)
    [writer] = found
    return writer


def test_a_killed_writer_is_replaced_and_the_part_does_not_notice(tmp_path: Path):
    log = tmp_path / "relay.log"
    command = [sys.executable, "-uc", "import time\nfor n in range(100): print(n); time.sleep(0.02)"]
    part = Part("relay", command, dict(os.environ), log)
    part.start()
    wait_until(lambda: log.exists() and "5\n" in log.read_text(), 20, "it logs")
    killed = writer_of(part)
    killed.kill()
    time.sleep(0.2)
    part.watch_log()
    wait_until(lambda: part.exit_code is not None, 20, "it has ended")
    part.close_log()
    assert part.exit_code == 0
    assert log.read_text().splitlines()[-1] == "99"


def test_signals_that_end_parts_leave_the_writer_to_write_their_last_words(tmp_path: Path):
    log = tmp_path / "relay.log"
    command = [sys.executable, "-uc", "import time\nprint('begun')\ntime.sleep(1)\nprint('last words')"]
    part = Part("relay", command, dict(os.environ), log)
    part.start()
    wait_until(lambda: log.exists() and log.read_text() == "begun\n", 20, "it logs")
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        writer_of(part).send_signal(each)
    wait_until(lambda: part.exit_code is not None, 20, "it has ended")
    part.close_log()
    assert log.read_text() == "begun\nlast words\n"
