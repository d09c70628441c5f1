"""The command line without a server: what it imports, what it says of wrong use, and how it exits."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

import pytest
from typer.main import get_command

from groundwork.blocks.process_cache import forget
from groundwork.blocks.words import counted
from groundwork.deployments.cli import main, program

HEAVY = (
    "prefect",
    "pandas",
    "pyarrow",
    "numpy",
    "sqlalchemy",
    "psycopg",
    "pydantic_settings",
    "httpx",
    "jinja2",
    "PIL",
    "s3fs",
)
PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "groundwork.deployments.cli"]
IMPORTED = """
import json, sys
from groundwork.deployments.cli import program
app = program()
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments)
    except BaseException:
        pass
    print("heavy", json.dumps([arguments, sorted(set(json.loads(sys.argv[2])) & set(sys.modules))]))
"""


def commands() -> list[list[str]]:
    """Every command and every group of commands, as they are typed."""

    def below(command, path):
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from below(child, [*path, name])

    return list(below(get_command(program()), []))


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """A shell in which nothing of Groundwork or Prefect is set."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GROUNDWORK_", "PREFECT_"))}
    return plain | {"HOME": str(folder), "COLUMNS": "200", "PYTHONPATH": str(PROJECT)} | variables


@pytest.fixture
def groundwork(tmp_path: Path, monkeypatch, capfd):
    """Run the command line's entry point in an empty folder where nothing runs."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        # No gateway listens on port 1.
        given = environment(tmp_path, **({"GROUNDWORK_PORT": "1"} | variables))
        with mock.patch.dict(os.environ, given, clear=True), mock.patch.object(sys, "argv", ["groundwork", *arguments]):
            try:
                with pytest.raises(SystemExit) as ended:
                    main()
            finally:
                forget()
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, out, err)

    return run


def imported(commands: list[list[str]], folder: Path) -> dict[str, list[str]]:
    """Which heavy modules have been imported by the end of each of these commands, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, json.dumps(commands), json.dumps(HEAVY)],
        cwd=folder,
        env=environment(folder, GROUNDWORK_PORT="1"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("heavy ")]
    assert len(lines) == len(commands), done.stderr
    return {" ".join(command): heavy for command, heavy in lines}


@contextmanager
def answering(status: int, body: str) -> Iterator[int]:
    """An HTTP server that gives this one answer to every request; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def assert_refused(done: subprocess.CompletedProcess[str], code: int = 2) -> None:
    """It says what is wrong and shows no traceback."""
    assert done.returncode == code, done.stderr
    assert done.stdout == "" or code == 1
    assert done.stderr.strip() or done.stdout.strip()
    assert "Traceback" not in done.stderr


def test_help_of_every_command_imports_nothing_heavy(tmp_path):
    shown = imported([[*command, "--help"] for command in commands()], tmp_path)
    assert {command: heavy for command, heavy in shown.items() if heavy} == {}


def test_what_only_asks_the_database_or_the_gateway_imports_no_prefect(tmp_path):
    asked = [
        "--version",
        "lanes",
        "mail list",
        "dead list",
        "pause process-csv",
        "status 0199f0c2",
        "send user/signed.up {}",
    ]
    for command, heavy in imported([command.split() for command in asked], tmp_path).items():
        assert {"prefect", "pandas", "pyarrow"}.isdisjoint(heavy), command


NEEDS_WHAT_RUNS = [
    "lanes", "lanes --watch", "dead list", "dead replay 0199f0c2", "pause process-csv", "resume process-csv",
    "cancel 0199f0c2", "cancel --job process-csv", "lane set process-csv --workspace acme --limit 2",
    "lane unset process-csv --workspace acme", "status 0199f0c2", "status 0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11",
    "send user/signed.up {}", "import contacts.csv --workspace acme", "export --workspace acme",
    "user add ada --workspace acme --email ada@example.com",
]  # fmt: skip


@pytest.mark.parametrize("command", NEEDS_WHAT_RUNS)
def test_where_nothing_runs_a_command_names_the_home_and_the_cure_and_makes_nothing(command, groundwork, tmp_path):
    (tmp_path / "contacts.csv").write_text("Email\nada@example.com\n")
    done = groundwork(*command.split())
    assert_refused(done)
    assert f"No `groundwork up` runs on {tmp_path / '.groundwork'}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contacts.csv"]


WRONG = [
    ["send", "user/signed.up", "{"],
    ["send", "user/signed.up", "[]"],
    ["send", "user/signed.up", "[" * 50_000],
    ["status", "zz"],
    ["status", "019"],
    ["cancel"],
    ["dead", "replay"],
    ["dead", "list", "--limit", "0"],
    ["dead", "list", "--limit", "99999999999999999999"],
    ["dead", "list", "--since", "99999999999w"],
    ["dead", "list", "--since", "0001-01-01T00:00+23:59"],
    ["lanes", "--workspace", ""],
    ["lanes", "--workspace", "a\tb"],
    ["lane", "set", "process-csv", "--workspace", "acme", "--limit", "0"],
    ["lane", "set", "process-csv", "--workspace", "acme", "--limit", "3000000000"],
    ["lane", "set", "process-csv", "--workspace", "acme", "--weight", "nan"],
    ["lane", "set", "process-csv", "--workspace", "acme", "--weight", "-1"],
    ["import", "missing.csv", "--workspace", "acme"],
    ["import", ".", "--workspace", "acme"],
    ["import", "contacts.csv", "--workspace", " acme"],
    ["import", "contacts.csv", "--workspace", "a/b"],
    ["export", "--workspace", "50%"],
    ["lane", "set", "process-csv", "--workspace", "<acme>", "--limit", "2"],
    ["user", "add", "ada&bob", "--workspace", "acme", "--email", "ada@example.com"],
    ["export", "--workspace", "acme", "--filter", "{"],
    ["export", "--workspace", "acme", "--out", "."],
    ["export", "--workspace", "acme", "--out", "no/such/folder/contacts.csv"],
    ["mail", "preview", "welcom"],
    ["mail", "preview", "welcome", "--out", "contacts.csv/welcome.html"],
    ["user", "add", "ada", "--workspace", "acme", "--email", "nobody"],
    ["up", "--port", "99999"],
    ["up", "--home", "contacts.csv"],
    ["demo", "--rows", "0"],
    ["demo", "contacts", "--rows", "0"],
    ["demo", "conacts"],
    ["demo", "platform", "--members", "9"],
    ["demo", "fitness"],
    ["demo", "--home", "contacts.csv"],
    ["lanes", "--home", "contacts.csv"],
    ["lanes", "--job", "a\udcff"],
    ["deploy"],
    ["new"],
    ["new", "project"],
    ["new", "project", "class"],
    ["new", "project", "shop", "--groundwork", "nowhere"],
    ["new", "project", "contacts.csv/shop"],
    ["new", "job", "cancel-order", "--on", "order/order.cancelled"],
    ["new", "job", "cancel-order"],
    ["no-such-command"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:60])
def test_wrong_use_is_exit_code_2_with_a_reason_and_no_traceback(arguments, groundwork, tmp_path):
    (tmp_path / "contacts.csv").write_text("Email\nada@example.com\n")
    assert_refused(groundwork(*arguments))


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"GROUNDWORK_PORT": "many"}, "GROUNDWORK_PORT"),
        ({"GROUNDWORK_MODE": "test"}, "GROUNDWORK_MODE"),
        ({"GROUNDWORK_DATABASE_URL": "nonsense"}, "GROUNDWORK_DATABASE_URL"),
        ({"GROUNDWORK_DATABASE_URL": "sqlite:///file"}, "GROUNDWORK_DATABASE_URL"),
        ({"GROUNDWORK_DATABASE_URL": "postgresql://ann:s3cret@127.0.0.1:1/app"}, "GROUNDWORK_DATABASE_URL"),
        ({"GROUNDWORK_HOME": "/dev/null/nowhere"}, "groundwork up"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(variables, named, groundwork):
    done = groundwork("lanes", **variables)
    assert_refused(done)
    assert named in done.stderr
    assert "s3cret" not in done.stderr


def test_up_does_not_start_with_a_setting_that_an_application_refuses(groundwork):
    done = groundwork("up", GROUNDWORK_IMPORT_MAX_RATIO="1")
    assert_refused(done)
    assert "GROUNDWORK_IMPORT_MAX_RATIO: Input should be greater than or equal to 2" in done.stderr


def test_up_warns_of_a_misspelt_setting(groundwork):
    done = groundwork("up", GROUNDWORK_IMPORT_MAX_RATIO="1", GROUNDWORK_SMPT_URL="smtp://127.0.0.1")
    assert "GROUNDWORK_SMPT_URL is no setting and has no effect; did you mean GROUNDWORK_SMTP_URL?" in done.stderr


def test_a_malformed_signing_secret_is_named(groundwork):
    done = groundwork("send", "user/signed.up", "{}", GROUNDWORK_SIGNING_SECRET="whsec_!")
    assert_refused(done)
    assert "GROUNDWORK_SIGNING_SECRET" in done.stderr


def test_prefect_that_is_not_there_is_named_and_not_traced(groundwork):
    done = groundwork(
        "deploy",
        PREFECT_API_URL="http://127.0.0.1:1/api",
        GROUNDWORK_DATABASE_URL="postgresql://ann:s3cret@127.0.0.1:1/app",
    )
    assert_refused(done)


def test_the_home_is_found_from_a_folder_below(groundwork, tmp_path):
    (tmp_path / ".groundwork").mkdir()
    (tmp_path / ".groundwork" / "up.lock").touch()
    below = tmp_path / "flows" / "mine"
    below.mkdir(parents=True)
    done = subprocess.run(
        [*PROGRAM, "lanes"], cwd=below, env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert f"No `groundwork up` runs on {tmp_path / '.groundwork'}" in done.stderr
    assert not (below / ".groundwork").exists()


def test_a_home_of_another_user_is_not_taken_unasked(groundwork, tmp_path, monkeypatch):
    home = tmp_path / ".groundwork"
    home.mkdir()
    (home / "up.lock").touch()
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    refused = groundwork("lanes")
    assert_refused(refused)
    assert refused.stderr == f"groundwork: {home} belongs to another user. Say --home {home} if you mean it.\n"
    assert "No `groundwork up` runs" in groundwork("lanes", "--home", str(home)).stderr


@pytest.mark.parametrize("state", [b"{", b"\xff\xfe{", b"[]", b""])
def test_a_state_of_up_that_cannot_be_read_is_none(groundwork, tmp_path, state):
    (tmp_path / ".groundwork").mkdir()
    (tmp_path / ".groundwork" / "up.json").write_bytes(state)
    done = groundwork("lanes")
    assert_refused(done)
    assert "No `groundwork up` runs" in done.stderr


def test_a_folder_above_that_is_no_home_is_not_taken_for_one(groundwork, tmp_path):
    (tmp_path / ".groundwork").mkdir()
    below = tmp_path / "below"
    below.mkdir()
    done = subprocess.run(
        [*PROGRAM, "lanes"], cwd=below, env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert f"No `groundwork up` runs on {below / '.groundwork'}" in done.stderr


def test_the_version_is_printed(groundwork):
    done = groundwork("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("groundwork 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_names_of_commands(groundwork, shell):
    done = groundwork(_GROUNDWORK_COMPLETE=f"complete_{shell}", COMP_WORDS="groundwork la", COMP_CWORD="1",
                      _TYPER_COMPLETE_ARGS="groundwork la", _TYPER_COMPLETE_FISH_ACTION="get-args")  # fmt: skip
    assert "lanes" in done.stdout


@pytest.mark.parametrize(("number", "said"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1234, "1,234 events")])
def test_a_number_and_its_noun_agree(number, said):
    assert counted(number, "event") == said


def test_a_fault_of_the_gateway_is_a_line_of_field_reason_and_cure(groundwork):
    fault = {"pointer": "/data/options/onConflict", "reason": "Input should be 'update' or 'skip'", "cure": "Send it."}
    answer = {"error": "Nothing was accepted: 1 fault.", "details": [fault]}
    with answering(422, json.dumps(answer)) as port:
        done = groundwork("send", "import/csv.confirmed", "{}", GROUNDWORK_PORT=str(port))
    assert_refused(done)
    assert done.stderr.splitlines() == [
        "groundwork: 422 Nothing was accepted: 1 fault.",
        "  options.onConflict: Input should be 'update' or 'skip'. Send it.",
    ]


@pytest.mark.parametrize(
    ("status", "body", "code", "named"),
    [
        (401, '{"error": "Send the header Authorization."}', 2, "GROUNDWORK_EVENT_KEY"),
        (404, '{"error": "There is no event."}', 1, "There is no event."),
        (404, '{"detail": "Not Found"}', 2, "it is not Groundwork's gateway"),
        (503, '{"error": "The database cannot be reached. Ask again."}', 2, "Ask again"),
        (200, "<html>", 2, "it is not Groundwork's gateway"),
        (200, "[]", 2, "it is not Groundwork's gateway"),
        (200, "{}", 2, "it is not Groundwork's gateway"),
        (200, "[" * 50_000, 2, "it is not Groundwork's gateway"),
        (302, "{}", 2, "it is not Groundwork's gateway"),
    ],
)
@pytest.mark.parametrize(
    "command", [["status", "0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11"], ["send", "user/signed.up", "{}"]]
)
def test_what_else_a_server_may_answer_is_told_without_a_traceback(groundwork, command, status, body, code, named):
    with answering(status, body) as port:
        done = groundwork(*command, GROUNDWORK_PORT=str(port))
    assert_refused(done, code)
    assert named in done.stderr


@pytest.mark.parametrize(
    ("command", "variables", "named"),
    [
        (["relay"], {}, "PREFECT_API_URL is not set"),
        (["worker"], {}, "PREFECT_API_URL is not set"),
        (["gateway"], {}, "PREFECT_API_URL is not set"),
        (["worker", "--limit", "0"], {}, "--limit"),
        (["prefect-server"], {}, "GROUNDWORK_PREFECT_DATABASE_URL"),
        (["prefect-server", "--no-services"], {}, "GROUNDWORK_REDIS_URL"),
        (["prefect-services"], {}, "GROUNDWORK_REDIS_URL"),
        (["prefect-server"], {"GROUNDWORK_MODE": "production"}, "sign-in"),
    ],
)
def test_a_part_does_not_start_without_what_it_needs(groundwork, command, variables, named):
    done = groundwork(*command, **variables)
    assert_refused(done)
    assert named in done.stderr


def test_the_gateway_that_is_named_is_asked_whatever_port_is_set(groundwork):
    with answering(404, '{"error": "no such event"}') as port:
        url = f"http://127.0.0.1:{port}"
        done = groundwork("status", "0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11", GROUNDWORK_GATEWAY_URL=url)
    assert_refused(done, 1)
    assert "no such event" in done.stderr
    gone = groundwork("send", "user/signed.up", "{}", GROUNDWORK_GATEWAY_URL=f"{url}/behind")
    assert_refused(gone)
    assert f"cannot reach {url}/behind/events" in gone.stderr
    assert "Check GROUNDWORK_GATEWAY_URL." in gone.stderr


def test_a_reader_that_has_gone_ends_a_command_without_a_word(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "--help"], cwd=tmp_path, env=environment(tmp_path), stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_the_output_is_said(tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, "mail", "list"], cwd=tmp_path, env=environment(tmp_path), stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "groundwork: No space left on device\n"
