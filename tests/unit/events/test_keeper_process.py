"""The lease keeper is a small process, shared by forks, and ends with the last that has its socket."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

import psutil
import pytest

from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import keeper_process, lease_keeper
from groundwork.events.inbox.keeper_process import ensure_keeper, line_to_keeper
from groundwork.events.inbox.renewal import Hold
from tests.waiting import wait_until

HOLD = Hold(uuid4(), 1, 90.0)


@pytest.fixture(autouse=True)
def none_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has no keeper, and the address of a database that nobody has to answer for. Jobs that were tested
    in this process before have left it one."""
    end_keepers()
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(keeper_process, "_keeper", None)
    forget()
    yield
    end_keepers()
    monkeypatch.undo()
    forget()


def end_keepers() -> None:
    for each in keepers():
        each.kill()
    wait_until(lambda: not keepers())


def keepers() -> list[psutil.Process]:
    """The keepers that this process has started and that live. One that has only just begun has no command line yet."""
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            if lease_keeper.__file__ in each.cmdline():
                found.append(each)
    return found


def test_a_keeper_imports_nothing_before_it_has_a_lease_to_renew():
    program = (
        f"import runpy, sys; runpy.run_path({lease_keeper.__file__!r});"
        "print([each for each in sys.modules if each.startswith(('groundwork', 'sqlalchemy', 'psutil', 'psycopg'))])"
    )
    result = subprocess.run([sys.executable, "-P", "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


def test_one_keeper_serves_all_of_a_process_and_of_its_forks():
    lines = [line_to_keeper(HOLD) for _ in range(3)]
    assert all(lines)
    [keeper] = wait_until(keepers)
    child = os.fork()
    if child == 0:
        os._exit(0 if line_to_keeper(HOLD) and not keepers() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert [keeper] == keepers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_that_are_meant_for_runs_do_not_end_a_keeper(number: signal.Signals):
    line = line_to_keeper(HOLD)
    [keeper] = wait_until(keepers)
    wait_until(lambda: _ignores(keeper, number), what="the keeper to have begun")
    keeper.send_signal(number)
    line.settimeout(0.2)
    with pytest.raises(TimeoutError):
        line.recv(1)


def _ignores(process: psutil.Process, number: signal.Signals) -> bool:
    with open(f"/proc/{process.pid}/status") as status:
        [ignored] = [line.split()[1] for line in status if line.startswith("SigIgn")]
    return bool(int(ignored, 16) & 1 << number - 1)


def test_a_keeper_ends_when_nobody_can_introduce_himself_and_nobody_is_left():
    line = line_to_keeper(HOLD)
    [keeper] = wait_until(keepers)
    keeper_process._keeper = None
    line.settimeout(0.3)
    with pytest.raises(TimeoutError):
        line.recv(1)
    line.close()
    wait_until(lambda: keeper not in keepers(), what="the keeper to end")


def test_a_keeper_that_was_killed_is_replaced_by_the_next_claim_and_its_runs_hear_of_its_end():
    line = line_to_keeper(HOLD)
    [first] = wait_until(keepers)
    first.kill()
    with contextlib.suppress(ConnectionResetError):
        assert line.recv(1) == b""
    assert line_to_keeper(HOLD)
    wait_until(lambda: [each for each in keepers() if each != first], what="another keeper")


def test_a_keeper_that_was_killed_is_replaced_when_it_is_asked_whether_it_runs():
    ensure_keeper()
    [first] = wait_until(keepers)
    ensure_keeper()
    assert keepers() == [first]
    first.kill()
    # One that is just ending has no command line any more, and nobody can be told of its end yet.
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    ensure_keeper()
    wait_until(lambda: [each for each in keepers() if each != first], what="another keeper")


def test_a_keeper_that_takes_no_introductions_any_more_holds_up_no_claim(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keeper_process, "_ANSWER_SECONDS", 0.1)
    ensure_keeper()
    [stopped] = wait_until(keepers)
    stopped.suspend()
    try:
        lines = []
        while len(keepers()) == 1:
            assert len(lines) < 5_000
            lines.append(line_to_keeper(HOLD))
        assert all(lines)
    finally:
        stopped.kill()
