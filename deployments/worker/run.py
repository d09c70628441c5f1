"""What happens in a run's own process, right after the fork."""

import atexit
import os
import resource
import sys
from collections.abc import Mapping
from uuid import UUID

from prefect.context import refresh_global_settings_context
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow, load_flow_run, run_flow
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from blocks.settings import settings
from deployments.worker.protocol import StartRun


def run_in_child(request: StartRun) -> None:
    """Run the flow and end the process; never returns.

    The interpreter is not torn down: everything that must reach Prefect has done so when the exit functions have run,
    and taking the modules apart would cost each run tens of milliseconds.
    """
    code = 1
    try:
        _take_on(request)
        _run(UUID(request.flow_run_id))
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


def _take_on(request: StartRun) -> None:
    """The run's environment, folder and memory limit."""
    if request.working_dir:
        os.chdir(request.working_dir)
    if request.memory_limit_mb:
        limit = request.memory_limit_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    changed = _changed(os.environ, request.environment)
    os.environ.clear()
    os.environ.update(request.environment)
    if any(name.startswith("PREFECT_") and not name.startswith("PREFECT__") for name in changed):
        refresh_global_settings_context()
    if any(name.startswith("GROUNDWORK_") for name in changed):
        settings.cache_clear()


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _run(flow_run_id: UUID) -> None:
    # The lease says that a run lives. Prefect's heartbeat thread sleeps in whole seconds, and the end of a run waits
    # for it.
    without_heartbeat = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    with without_heartbeat, handle_engine_signals(flow_run_id):
        flow_run = load_flow_run(flow_run_id)
        logger = flow_run_logger(flow_run)
        try:
            flow = load_flow(flow_run)
        except Exception:
            logger.exception("The flow could not be loaded")
            raise
        run_flow(flow, flow_run=flow_run)
