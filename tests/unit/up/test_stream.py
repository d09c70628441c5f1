"""What a person reads of all parts' logs: job, workspace and event, and errors by the frames of the job itself."""

import re
import traceback
from pathlib import Path

import pytest

import groundwork.flows.job as engine
from groundwork.deployments.up.stream import Stream, is_own, told_error

JOB = """def step():
    raise ValueError("no such lead")


def body(call):
    call(step)
"""


def read(*lines: str, part: str = "worker", colours: bool = False) -> list[str]:
    seen: list[str] = []
    stream = Stream(seen.append, colours=colours)
    for line in lines:
        stream.tell(part, line)
    stream.flush()
    return seen


def failed(folder: Path, *, cause: bool = False) -> list[str]:
    """The lines of an error that a job of an application has raised, through frames of a library."""
    file = folder / "flow.py"
    file.write_text(JOB)
    space: dict = {}
    exec(compile(JOB, str(file), "exec"), space)
    library = re.sub(r"\s+", " ", "def call(function): function()")
    exec(compile(library, str(Path(pytest.__file__)), "exec"), space)
    try:
        try:
            space["body"](space["call"])
        except ValueError as error:
            if cause:
                raise RuntimeError("the lead was lost\nfor good") from error
            raise
    except Exception:
        return traceback.format_exc().splitlines()
    raise AssertionError


def test_a_run_is_told_by_job_workspace_and_short_id():
    assert read("15:53:08.123 | INFO    | Flow run 'send-welcome/acme/8a1f0c2d3e4f' - one mail") == [
        "worker   | 15:53:08 send-welcome acme …2d3e4f  one mail"
    ]
    assert read("15:53:08.123 | WARNING | Task run 'import-chunk-0' - slow") == [
        "worker   | 15:53:08 WARNING import-chunk-0  slow"
    ]


def test_our_own_lines_and_what_is_none_of_them_stay_readable():
    assert read("15:53:08 relay    INFO    one delivery", part="relay") == ["relay    | 15:53:08 one delivery"]
    assert read("out of something else") == ["worker   | out of something else"]
    assert read('{"time": "2026"}') == ['worker   | {"time": "2026"}']


def test_an_error_begins_with_itself_and_the_frames_of_the_job_and_the_others_are_counted(tmp_path: Path):
    seen = read("15:53:08.123 | ERROR   | Flow run 'a/b/c' - failed", *failed(tmp_path), "15:53:09.000 | INFO | on")
    assert seen[1] == "worker   | ValueError: no such lead"
    assert f'{tmp_path}/flow.py:2 in step: raise ValueError("no such lead")' in "\n".join(seen)
    assert not any(pytest.__file__ in line for line in seen)
    assert re.search(r"… \d+ frames? of Prefect", seen[-2])
    assert seen[-1] == "worker   | 15:53:09 on"


def test_the_last_error_of_a_chain_is_told_first_with_all_of_its_message(tmp_path: Path):
    told = list(told_error(failed(tmp_path, cause=True)))
    assert told[:2] == ["RuntimeError: the lead was lost", "  for good"]
    assert "  before it: ValueError: no such lead" in told


def test_an_error_that_nothing_follows_is_told_once_nothing_more_comes(tmp_path: Path):
    assert read(*failed(tmp_path))[0] == "worker   | ValueError: no such lead"


def test_output_of_a_job_moves_no_cursor_and_colours_are_for_terminals_alone():
    assert read("15:53:08 relay    ERROR   \x1b[2Jgone")[0] == "worker   | 15:53:08 ERROR ?[2Jgone"
    assert "\x1b[31m" in read("15:53:08 relay    ERROR   gone", colours=True)[0]


def test_frames_of_the_engine_are_none_of_the_jobs():
    assert not is_own(str(engine.__file__))
    assert is_own(str(Path(engine.__file__).parent / "contacts" / "send_welcome.py"))
    assert not is_own("<frozen runpy>")
