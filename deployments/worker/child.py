"""What happens in a run's own process, right after the fork."""

import atexit
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.context import get_settings_context, refresh_global_settings_context, use_profile
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow_run, run_flow
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from groundwork.blocks.process_cache import forget
from groundwork.deployments.worker.engine_requests import fewer_requests
from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.run_context import RunContext
from groundwork.flows.registry import jobs


def run_in_child(request: StartRun) -> None:
    """Run the flow and end the process; never returns.

    The interpreter is not torn down: everything that must reach Prefect has done so when the exit functions have run,
    and taking the modules apart would cost each run tens of milliseconds.
    """
    code = 1
    try:
        with _taken_on(request):
            _run(request)
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def without_heartbeat() -> Iterator[None]:
    """Prefect's settings without its heartbeat: its thread sleeps in whole seconds and the end of a run waits for it,
    and a run's lease says that it lives. Takes tens of milliseconds, so the zygote does it for all runs."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@contextmanager
def _taken_on(request: StartRun) -> Iterator[None]:
    """The run's environment, folder and memory limit."""
    if request.working_dir:
        os.chdir(request.working_dir)
    if request.memory_limit_mb:
        limit = request.memory_limit_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    changed = _changed(os.environ, request.environment)
    os.environ.clear()
    os.environ.update(request.environment)
    if any(_is_setting(name, "GROUNDWORK") for name in changed):
        forget()
    if any(_is_setting(name, "PREFECT") for name in changed):
        refresh_global_settings_context()
        profile = get_settings_context().profile
        with use_profile(profile, include_current_context=False), without_heartbeat():
            yield
    else:
        yield


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _is_setting(name: str, prefix: str) -> bool:
    """Whether a variable is a setting; with two underscores it tells one process something."""
    return name.startswith(f"{prefix}_") and not name.startswith(f"{prefix}__")


BULK_NICENESS = 5
"""Added to the niceness of runs of bulk jobs: where cores are short, interactive runs and Prefect's server go first."""


def _run(request: StartRun) -> None:
    flow_run_id = UUID(request.flow_run_id)
    with handle_engine_signals(flow_run_id):
        context = request.context or RunContext(flow_run=load_flow_run(flow_run_id))
        context.remember()
        logger = flow_run_logger(context.flow_run)
        try:
            flow = context.load_flow()
        except Exception:
            logger.exception("The flow could not be loaded")
            raise
        spec = jobs().get(flow.name)
        if spec is None:
            run_flow(flow, flow_run=context.flow_run)
            return
        if not spec.options.interactive:
            os.nice(BULK_NICENESS)
        flow_run = without_suspension(context.flow_run)
        with fewer_requests(flow_run, context.flow_run):
            run_flow(flow, flow_run=flow_run)


def without_suspension(flow_run: FlowRun) -> FlowRun:
    """The run of a job as the engine takes it on without looking out for somebody who suspends it.

    For a run of a deployment, Prefect starts a thread with an event loop and a WebSocket of its own, waits for them at
    the beginning and at the end, and asks for the run once more. A job is paused by its lane and cancelled by its
    worker. The engine takes the run up again, deployment and all, before it enters the flow.
    """
    return flow_run.model_copy(update={"deployment_id": None})
