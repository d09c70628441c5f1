"""`groundwork up` beside one that already runs."""

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psutil

from groundwork.deployments.up.home import Home
from groundwork.deployments.up.ports import free_port
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until


def test_a_second_up_on_the_same_home_names_the_first(stack: RunningStack):
    second = stack.groundwork("up", "--port", str(free_port()), "--prefect-port", str(free_port()))
    assert second.returncode == 2
    assert second.stderr.strip().endswith(
        f"Groundwork is already running on {stack.home} as process {stack.up_pid}, gateway http://127.0.0.1:{stack.port}."
        " Stop it with Ctrl-C there, or choose another home with --home."
    )
    assert stack.state.pid == stack.up_pid


def test_nobody_else_can_read_what_a_running_groundwork_keeps(stack: RunningStack):
    assert stat.S_IMODE(stack.home.stat().st_mode) == 0o700
    kept = [path for path in stack.home.rglob("*") if stack.home / "postgres" not in path.parents]
    assert {"gateway.log", "up.json", "prefect", "logs"} <= {path.name for path in kept}
    assert [path for path in kept if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_both_ports_that_are_taken_are_named_and_by_whom(stack: RunningStack, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = RunningStack(tmp_path / "home")
        refused = other.groundwork("up", "--port", str(port), "--prefect-port", str(stack.prefect_port))
    assert refused.returncode == 2
    me = f"{psutil.Process().name()} (process {os.getpid()})"
    prefect = stack.part("prefect")
    assert f"Port {port} of the gateway (--port) is taken by {me}" in refused.stderr
    assert (
        f"Port {stack.prefect_port} of Prefect (--prefect-port) is taken by {prefect.name()} (process {prefect.pid})"
        in refused.stderr
    )
    assert not (tmp_path / "home" / "postgres").exists()


def test_the_prefect_server_of_another_home_is_not_joined(stack: RunningStack, tmp_path: Path):
    other = RunningStack(tmp_path / "home", {"PREFECT_API_URL": stack.api_url})
    refused = other.groundwork("up", "--port", str(free_port()))
    assert refused.returncode == 2
    assert f"names the Prefect server of the `groundwork up` on {stack.home}, which has another inbox" in refused.stderr


def test_commands_ask_what_runs_on_the_home_whatever_a_profile_says(stack: RunningStack, tmp_path: Path):
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(
        f'active = "old"\n[profiles.old]\nPREFECT_API_URL = "http://127.0.0.1:{free_port()}/api"\n'
    )
    listed = subprocess.run(
        stack.command("dead", "list"),
        env=stack.environment | {"HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert listed.returncode == 0, listed.stderr


def test_ctrl_c_while_it_starts_leaves_nothing_behind(tmp_path: Path):
    starting = RunningStack(tmp_path / "home")
    starting.launch()
    try:
        wait_until(lambda: "prefect" in starting.parts, 60, what="Prefect is being started")
        assert len(starting.processes()) > 1
    finally:
        starting.end(signal.SIGINT)
    assert Home(starting.home).running() is None
