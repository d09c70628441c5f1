"""Groundwork beside peers from PyPI, on one PostgreSQL, in one run: light jobs beside DBOS, Procrastinate and Oban, an
import beside dlt."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.settings import Settings, settings
from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.events.inbox import send, send_many
from tests.benchmarks.applications import light, settings_of
from tests.benchmarks.bench_light import latencies, throughput
from tests.benchmarks.inbox_only import inbox_only
from tests.benchmarks.light_jobs import LightFiveWanted, LightOneWanted
from tests.benchmarks.peers.environment import interpreter_with
from tests.benchmarks.peers.peer import PEERS, Measured, Peer
from tests.benchmarks.running import running_stack, seconds
from tests.integration.stack.application import Application

DESCRIPTION = (
    "One sender: enqueued per second, one in a transaction and 500 in one. A queue that is full before the clock "
    "starts: jobs of one step, and of five, per second, from the first begin to the last end, and CPU ms of the "
    "workers for one. An empty queue: seconds from enqueueing to the first step. Each peer with the best of the places "
    "and worker processes that were tried. The same CSV of contacts by process-csv and by dlt."
)
_BATCH = 500
_PLACES = (16, 64, 256)
_DLT = ("dlt[postgres]==1.31.0", "pyarrow")


def run(quick: bool) -> dict[str, Any]:
    """Measure; a tenth if quick. A peer that cannot be installed here is left out, with a line."""
    number, latency_number, rows = (500, 50, 20_000) if quick else (2_000, 300, 100_000)
    times = 1 if quick else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = _ours(number, latency_number) | _our_import(rows, times)
        with inbox_only():
            figures |= _enqueued(number)
            server = EmbeddedPostgres(settings().home)
            for peer in PEERS:
                python = interpreter_with(peer.packages, folder / peer.name)
                if python is not None:
                    measured = _of_peer(server, (peer, python), number, latency_number)
                    figures |= {f"{peer.name}_{key}": value for key, value in measured.items()}
            python = interpreter_with(_DLT, folder / "dlt")
            if python is not None:
                figures |= _dlt(server, python, write_contacts(folder / "contacts.csv", rows), times)
    return figures


def _ours(number: int, latency_number: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for places in _PLACES:
        with running_stack({**settings_of(light), "GROUNDWORK_LIGHT_PLACES": str(places)}) as stack:
            throughput(stack, "warm", LightOneWanted, 100)
            for name, kind, jobs in (
                ("one_step", LightOneWanted, 10 * number),
                ("five_steps", LightFiveWanted, number),
            ):
                measured = throughput(stack, name, kind, jobs)
                if measured[f"{name}_per_second"] > figures.get(f"groundwork_{name}_per_second", 0.0):
                    figures |= {
                        f"groundwork_{name}_per_second": measured[f"{name}_per_second"],
                        f"groundwork_{name}_cpu_ms": measured[f"{name}_cpu_ms_host"] + measured[f"{name}_cpu_ms_relay"],
                        f"groundwork_{name}_places": places,
                    }
            if places == Settings.model_fields["light_places"].default:
                starts = latencies([LightOneWanted], latency_number, 0.05)
                figures |= {
                    "groundwork_start_p50_s": statistics.median(starts),
                    "groundwork_start_p99_s": statistics.quantiles(starts, n=100)[-1],
                }
    return figures


def _enqueued(number: int) -> dict[str, float]:
    """Events per second of one sender, each in its own transaction, and many in one."""
    events = [LightOneWanted(workspace_id=f"workspace-{each % 500}", number=each) for each in range(number)]  # type: ignore[arg-type]
    began = time.perf_counter()
    for event in events:
        send(event)
    singles = number / (time.perf_counter() - began)
    began = time.perf_counter()
    for first in range(0, number, _BATCH):
        send_many(events[first : first + _BATCH])
    batched = number / (time.perf_counter() - began)
    return {"groundwork_enqueued_per_second": singles, "groundwork_enqueued_in_batches_per_second": batched}


def _our_import(rows: int, times: int) -> dict[str, float]:
    with running_stack() as stack:
        path = write_contacts(stack.home / "contacts.csv", rows)
        took = []
        for number in range(times + 1):
            application = Application(stack, f"workspace-{number}")
            delivery = application.ended(application.confirm(application.upload(path)), timeout=600)
            assert delivery.state == "done", delivery.last_error
            took.append(seconds(delivery, "claimedAt", "settledAt"))
    return {"groundwork_import_rows_per_second": rows / statistics.median(took[1:])}


def _of_peer(
    server: EmbeddedPostgres, peer_and_python: tuple[Peer, str], number: int, latency_number: int
) -> dict[str, float]:
    peer, python = peer_and_python

    def on_new_database(name: str) -> Measured:
        server.create_database(f"{peer.name}_{name}")
        url = server.url(f"{peer.name}_{name}", driver="postgresql")
        return Measured(peer, python, url.render_as_string(hide_password=False))

    best: dict[str, float] = {}
    for name, steps in (("one_step", 1), ("five_steps", 5)):
        for places in peer.places:
            for processes in peer.processes:
                measured = on_new_database(f"{name}_{places}_{processes}")
                jobs = number * (peer.times if steps == 1 else 1)
                enqueued = measured.enqueue(steps, jobs, _BATCH if peer.batches else 1)["seconds"]
                if peer.batches:
                    best["enqueued_in_batches_per_second"] = jobs / enqueued
                figures = measured.throughput(places, processes, jobs)
                if figures["per_second"] > best.get(f"{name}_per_second", 0.0):
                    best |= {f"{name}_{key}": value for key, value in figures.items()}
                    best |= {f"{name}_places": places, f"{name}_processes": processes}
    best["enqueued_per_second"] = number / on_new_database("enqueued").enqueue(1, number, 1)["seconds"]
    return best | on_new_database("start").start(int(best["one_step_places"]), latency_number)


def _dlt(server: EmbeddedPostgres, python: str, path: Path, times: int) -> dict[str, float]:
    server.create_database("dlt")
    # dlt wants a host: libpq takes the socket's folder as one.
    url = server.url("dlt", driver="postgresql").set(host=quote(str(server.socket_folder), safe=""), query={})
    program = Path(__file__).parent / "peers" / "dlt_peer.py"
    command = [python, str(program), url.render_as_string(hide_password=False), str(path), str(times)]
    quiet = {**os.environ, "RUNTIME__LOG_LEVEL": "ERROR"}
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=quiet).stdout)
    return {"dlt_import_rows_per_second": told["rows"] / statistics.median(told["seconds"])}
