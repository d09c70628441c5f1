"""``groundwork gateway``, ``relay``, ``worker``, ``prefect-server`` and ``prefect-services``: one part each, as ``up``
runs it, in the foreground."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.commands.options import HomeOption, use_home

RELAY_PORT, WORKER_PORT = 8701, 8702
"""Where health is served, unless the setting or the option says otherwise."""

LogOption = Annotated[
    Path | None,
    typer.Option("--log", help="File to log to, rotated at 8 MiB with three older ones kept. Default: standard error."),
]


def gateway(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on. Default: GROUNDWORK_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port. Default: GROUNDWORK_PORT, else 8700.")
    ] = None,
    log: LogOption = None,
) -> None:
    """Run a gateway: it takes events over HTTP. As many as you like, on any machines; /healthz, /readyz and /metrics.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… PREFECT_API_URL=https://…/api groundwork gateway --host 0.0.0.0
    """
    use_home(home, host=host, port=port)
    _become("gateway", "groundwork.deployments.gateway", environment=_of_client(), log=log)


def relay(
    home: HomeOption = None,
    health_port: Annotated[
        int | None,
        typer.Option("--health-port", min=0, max=65535, help="Port of /healthz and /readyz; 0: none. Default: 8701."),
    ] = None,
    log: LogOption = None,
) -> None:
    """Run a relay: it admits deliveries and looks after runs that die. One of several works, the others stand by.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… PREFECT_API_URL=https://…/api groundwork relay
    """
    settings = use_home(home, health_port=health_port)
    _default_health_port(settings.health_port, RELAY_PORT)
    _become("relay", "groundwork.deployments.relay", environment=_of_client(), log=log)


def worker(
    home: HomeOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Name in Prefect. Default: host and process id.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            help="Runs at once on this worker, hosts of light runs included. Default: GROUNDWORK_CONCURRENCY, and the "
            "hosts' places.",
        ),
    ] = None,
    pool: Annotated[str, typer.Option("--pool", help="Work pool whose runs it takes.")] = WORK_POOL,
    kind: Annotated[
        str | None, typer.Option("--type", help="Type of the work pool. Default: GROUNDWORK_WORKER.")
    ] = None,
    health_port: Annotated[
        int | None,
        typer.Option("--health-port", min=0, max=65535, help="Port of /healthz and /readyz; 0: none. Default: 8702."),
    ] = None,
    log: LogOption = None,
) -> None:
    """Run a worker: it executes jobs, one process per run. As many as you like, on any machines.

    The work pool of jobs that name none is made by `groundwork deploy`. SIGTERM ends the worker once its runs have
    ended; SIGHUP has it load the code anew.

    Example:

      groundwork worker --limit 8

      groundwork worker --pool heavy --type process --health-port 8703
    """
    settings = use_home(home, health_port=health_port)
    _default_health_port(settings.health_port, WORKER_PORT)
    from groundwork.deployments.up.prefect_settings import worker_logging
    from groundwork.deployments.worker.command import WorkerOptions, worker_arguments
    from groundwork.deployments.worker.prefect_at_start import wait_while_prefect_asks

    options = WorkerOptions(pool=pool, type=kind, limit=limit)
    module, *arguments = worker_arguments(settings, name or worker_name(), options)
    environment = worker_logging() | _of_client()

    def wait() -> None:
        wait_while_prefect_asks(environment.get("PREFECT_API_URL", ""))

    _become("worker", module, *arguments, environment=environment, log=log, first=wait)


def worker_name() -> str:
    """The name of a worker of this machine that nobody has named."""
    import socket

    return f"{socket.gethostname()}-{os.getpid()}"


def prefect_server(
    home: HomeOption = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port. Default: GROUNDWORK_PREFECT_PORT, else 4200.")
    ] = None,
    without_services: Annotated[
        bool,
        typer.Option(
            "--no-services", help="API and UI only; `groundwork prefect-services` runs the rest. Needs Redis."
        ),
    ] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the server's database up to date, and end. Before several start.")
    ] = False,
    log: LogOption = None,
) -> None:
    """Run Prefect's server, with its services in the same process. Several need GROUNDWORK_REDIS_URL.

    It answers to names of this machine, and to those in PREFECT_API_URL, PREFECT_UI_URL and
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… groundwork prefect-server --no-services
    """
    settings = use_home(home, prefect_port=port)
    from groundwork.deployments.up.environment import environment_of_server
    from groundwork.deployments.up.server_guard import guard_server

    if without_services:
        _require_redis("--no-services leaves messages and what is due to other processes")
    string = guard_server(settings, host)
    # Of these the UI is told, and the server answers to them.
    own = {"PREFECT_API_URL": f"http://127.0.0.1:{settings.prefect_port}/api"}
    environment = own | environment_of_server(settings) | string
    arguments = ["--host", host, "--port", str(settings.prefect_port), *(["--no-services"] if without_services else [])]
    if migrate:
        arguments.append("--migrate")
    _become("prefect", "groundwork.deployments.up.prefect_server", *arguments, environment=environment, log=log)


def prefect_services(home: HomeOption = None, log: LogOption = None) -> None:
    """Run the services of Prefect's server, beside servers with --no-services: schedules, automations, events, vacuum.

    Two or more share the work. They need the database and the Redis of the servers.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… GROUNDWORK_REDIS_URL=redis://… groundwork prefect-services
    """
    settings = use_home(home)
    _require_redis("Prefect's services get their messages from its servers")
    from groundwork.deployments.up.environment import environment_of_server

    _become(
        "services", "groundwork.deployments.up.prefect_services", environment=environment_of_server(settings), log=log
    )


def _of_client() -> dict[str, str]:
    from groundwork.blocks.all_settings import check_settings
    from groundwork.blocks.settings import settings
    from groundwork.deployments.commands.options import running_on
    from groundwork.deployments.up.environment import environment_of_client

    check_settings()
    if not os.environ.get("PREFECT_API_URL") and (running := running_on(settings().home)):
        os.environ["PREFECT_API_URL"] = running.prefect_api_url
    return environment_of_client(settings().home)


def _default_health_port(set_to: int | None, default: int) -> None:
    if set_to is None:
        os.environ["GROUNDWORK_HEALTH_PORT"] = str(default)


def _require_redis(why: str) -> None:
    from groundwork.blocks.errors import ConfigurationError
    from groundwork.blocks.settings import settings
    from groundwork.deployments.up.prefect_redis import URLS

    if settings().redis_url is None and not all(os.environ.get(each) for each in URLS):
        raise ConfigurationError(f"{why}: set GROUNDWORK_REDIS_URL, the same for all of them.")


def _become(
    part: str,
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    log: Path | None,
    first: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Go on as ``python -m MODULE``, in this process: whoever started it signals the part itself.

    Args:
        first: what is done before, in the part's log.
    """
    import signal

    from groundwork.deployments.log_lines import PART

    # Whoever started this process may have kept signals from it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if log is not None:
        from groundwork.deployments.up.part_log import write_output_to

        write_output_to(log)
    first()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], {**environment, PART: part})  # noqa: S606
