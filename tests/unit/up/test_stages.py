"""Stages of a start, as a terminal and as a pipe show them."""

import io
import re
import time
from pathlib import Path

import pytest

from groundwork.deployments.up.stages import Stages, Terminal


class Screen(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_whole_line_per_stage():
    pipe = io.StringIO()
    stages = Stages(Terminal(pipe))
    with stages.stage("PostgreSQL"):
        assert pipe.getvalue() == ""
    assert re.fullmatch(r"PostgreSQL \.\.\. \d+\.\d s\n", pipe.getvalue())


def test_a_terminal_shows_what_is_going_on_below_the_lines_of_logs():
    screen = Screen()
    terminal = Terminal(screen)
    with Stages(terminal).stage("Migrations"):
        assert screen.getvalue() == "Migrations ..."
        terminal.line("gateway  | hello")
        assert screen.getvalue() == "Migrations ...\r\x1b[Kgateway  | hello\nMigrations ..."
    assert re.search(r"\r\x1b\[KMigrations \.\.\. \d+\.\d s\n$", screen.getvalue())


def test_a_stage_that_began_before_is_told_from_then():
    pipe = io.StringIO()
    with Stages(Terminal(pipe)).stage("Prefect server", since=time.monotonic() - 7):
        pass
    assert pipe.getvalue() == "Prefect server ... 7.0 s\n"


def test_a_failing_stage_says_which_and_shows_the_end_of_its_log(tmp_path: Path):
    log = tmp_path / "prefect.log"
    log.write_text("".join(f"line {number}\n" for number in range(40)))
    pipe = io.StringIO()
    with pytest.raises(RuntimeError), Stages(Terminal(pipe)).stage("Prefect server", log=log):
        raise RuntimeError("no")
    told = pipe.getvalue()
    assert re.match(r"Prefect server \.\.\. failed after \d+\.\d s\n", told)
    assert "  line 25\n" in told
    assert told.endswith("  line 39\n")
    assert "line 24" not in told


def test_quiet_prints_nothing():
    pipe = io.StringIO()
    stages = Stages(Terminal(pipe, quiet=True))
    with stages.stage("PostgreSQL"):
        pass
    stages.over()
    assert pipe.getvalue() == ""
