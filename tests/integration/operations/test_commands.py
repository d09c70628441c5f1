"""The operator's commands, as they are typed: what they print, what they change, and how they exit."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.deployments.cli import program
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar


@pytest.fixture
def groundwork(db):
    """Run a command; its error, if it raises one that the entry point prints, is raised."""
    register_job(db)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(program(), list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def die(db, import_id: str = "import-1"):
    event_id = send(csv_import_confirmed(import_id))
    admit(capacity=10)
    claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id())).fail(ConnectionError("the provider is away"))
    return delivery_of(db, event_id)


def test_dead_letters_are_listed_for_people_and_for_programs(db, groundwork):
    dead = die(db)
    listed = groundwork("dead", "list", "--since", "2h")
    assert listed.exit_code == 0
    assert "process-csv of acme, attempt 1" in listed.stdout
    assert "ConnectionError: the provider is away" in listed.stdout
    [letter] = json.loads(groundwork("dead", "list", "--json").stdout)["deadLetters"]
    assert (letter["id"], letter["eventName"]) == (str(dead.id), "import/csv.confirmed")
    assert groundwork("dead", "list", "--workspace", "bolt").stdout == "no dead letters\n"


def test_a_dry_run_shows_what_a_replay_then_does(db, groundwork):
    dead = die(db)
    shown = groundwork("dead", "replay", "--job", "process-csv", "--dry-run")
    assert shown.stdout.endswith("1 dead letter would be queued again\n")
    assert delivery_of(db, dead.event_id).state == "failed"
    done = groundwork("dead", "replay", str(dead.event_id), "--json")
    assert done.exit_code == 0
    assert [each["id"] for each in json.loads(done.stdout)["replayed"]] == [str(dead.id)]
    assert delivery_of(db, dead.event_id).state == "queued"


def test_an_id_that_is_no_dead_letter_is_named(db, groundwork):
    waiting = send(csv_import_confirmed())
    answer = groundwork("dead", "replay", str(waiting))
    assert answer.exit_code == 1
    assert f"{waiting} is no dead letter that fits" in answer.stdout


def test_replaying_everything_has_to_be_asked_for(groundwork):
    with pytest.raises(ConfigurationError, match="say which dead letters"):
        groundwork("dead", "replay")


def test_replaying_what_fits_nothing_is_exit_code_1(db, groundwork):
    answer = groundwork("dead", "replay", "--job", "process-csv")
    assert (answer.exit_code, answer.stdout) == (1, "0 dead letters are queued again\n")


def test_an_id_may_be_as_short_as_it_is_unique(db, groundwork):
    dead = die(db)
    for whole in (dead.id, dead.event_id):
        shown = groundwork("dead", "replay", f"{str(whole)[:23]}…", "--dry-run", "--json")
        assert [each["id"] for each in json.loads(shown.stdout)["replayed"]] == [str(dead.id)]
    waiting = send(csv_import_confirmed("import-2"))
    assert groundwork("cancel", str(delivery_of(db, waiting).id)[:30]).stdout == "cancelled: 1 queued, 0 running\n"


def test_a_beginning_of_several_ids_is_answered_with_each_of_them(db, groundwork):
    ids = [send(csv_import_confirmed(f"import-{number}")) for number in range(3)]
    with pytest.raises(ConfigurationError, match="the beginning of several ids") as refused:
        groundwork("cancel", str(ids[0])[:5])
    assert all(str(each) in str(refused.value) for each in ids)
    assert "import/csv.confirmed of acme" in str(refused.value)
    assert [delivery_of(db, each).state for each in ids] == ["queued"] * 3


def test_a_beginning_of_no_id_is_exit_code_1(db, groundwork):
    send(csv_import_confirmed())
    assert groundwork("cancel", "ffffffff").exit_code == 1
    assert groundwork("dead", "replay", "ffffffff").exit_code == 1


def test_an_error_cannot_take_over_the_terminal(db, groundwork):
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id())).fail(ValueError("red \x1b[31m alert"))
    shown = groundwork("dead", "list").stdout
    assert "\x1b" not in shown
    assert "red \\x1b[31m alert" in shown


def test_a_user_is_stored_and_changed_and_not_taken_from_another_workspace(db, groundwork):
    add = ("user", "add", "ada", "--email", "ada@example.com", "--workspace")
    assert groundwork(*add, "acme").exit_code == 0
    assert groundwork(*add, "acme", "--name", "Ada").exit_code == 0
    assert scalar(db, "SELECT name FROM app.app_user WHERE id = 'ada'") == "Ada"
    with pytest.raises(ConfigurationError, match="another workspace"):
        groundwork(*add, "bolt")


@pytest.mark.parametrize("since", ["yesterday", "2 hours", "-1d"])
def test_a_time_that_is_none_is_refused_with_examples(groundwork, since):
    answer = groundwork("dead", "list", f"--since={since}")
    assert answer.exit_code == 2
    assert "2026-05-04" in answer.output


def test_a_misspelt_job_is_answered_with_the_right_one(groundwork):
    for command in (["dead", "list", "--job"], ["pause"], ["cancel", "--job"], ["lanes", "--job"]):
        with pytest.raises(UnknownName, match="did you mean 'process-csv'"):
            groundwork(*command, "proces-csv")


def test_cancel_says_how_many_and_fails_where_there_is_nothing(db, groundwork):
    event_id = send(csv_import_confirmed())
    done = groundwork("cancel", str(event_id))
    assert (done.exit_code, done.stdout) == (0, "cancelled: 1 queued, 0 running\n")
    again = groundwork("cancel", str(event_id), "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (1, {"queued": 0, "running": 0, "sharing": 0})


def test_what_is_paused_is_shown_until_it_is_resumed(db, groundwork):
    send(csv_import_confirmed())
    assert groundwork("pause", "process-csv", "--workspace", "acme").stdout == "process-csv of acme is paused\n"
    assert "paused" in groundwork("lanes").stdout
    assert json.loads(groundwork("resume", "process-csv", "--workspace", "acme", "--json").stdout)["paused"] is False
    assert "paused" not in groundwork("lanes").stdout


def test_the_lanes_are_a_table_and_an_object(db, groundwork):
    assert groundwork("lanes").stdout == "no lane holds anything\n"
    send(csv_import_confirmed())
    table = groundwork("lanes").stdout
    assert "oldest wait" in table.splitlines()[0]
    assert table.splitlines()[1].split()[:7] == ["acme", "process-csv", "1", "0", "0", "0", "1"]
    assert "scheduled" in table
    [lane] = json.loads(groundwork("lanes", "--json").stdout)["lanes"]
    assert (lane["workspaceId"], lane["queued"], lane["running"], lane["limit"]) == ("acme", 1, 0, 1)


def test_no_name_is_cut_however_narrow_the_terminal(db, groundwork, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    long, wide = "w" * 128, "会社" * 20
    for workspace in (long, wide):
        send(csv_import_confirmed(workspace=workspace))
    heading, *lines = groundwork("lanes").stdout.splitlines()
    assert {line.split()[0] for line in lines} == {long, wide}
    assert {cell_len(line[: line.index("process-csv")]) for line in lines} == {
        cell_len(heading[: heading.index("job")])
    }


def test_a_lane_is_set_and_set_back(db, groundwork):
    assert groundwork("lane", "set", "process-csv", "--workspace", "acme", "--limit", "4").stdout == (
        "process-csv of acme: limit 4\n"
    )
    [lane] = json.loads(groundwork("lanes", "--json").stdout)["lanes"]
    assert lane["limit"] == 4
    groundwork("lane", "unset", "process-csv", "--workspace", "acme")
    assert json.loads(groundwork("lanes", "--json").stdout) == {"lanes": []}


@pytest.mark.parametrize(
    "command",
    [["dead"], ["dead", "list"], ["dead", "replay"], ["cancel"], ["pause"], ["resume"], ["lanes"], ["lane", "set"]],
)
def test_every_command_explains_itself(groundwork, command):
    answer = groundwork(*command, "--help")
    assert answer.exit_code == 0
    assert "Usage" in answer.stdout


def test_ctrl_c_ends_what_is_watched_however_often_it_comes(groundwork):
    command = [Path(sys.executable).with_name("groundwork"), "lanes", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout.readline() == "no lane holds anything\n"
        while watching.poll() is None:
            watching.send_signal(signal.SIGINT)
            time.sleep(0.002)
        assert (watching.returncode, watching.stderr.read()) == (0, "")
