"""How Groundwork's own processes log, and the applications' code in them."""

import logging
import sys
from typing import Any

from groundwork.blocks.applications import applications
from groundwork.blocks.settings import settings
from groundwork.deployments.log_lines import JsonLines, LineHandler

_OURS = "groundwork"


def packages_of_applications() -> list[str]:
    """Top-level packages of applications that are not ours: what their modules log begins with these names."""
    named = {each.partition(".")[0] for one in applications() for each in (one.jobs, one.events) if each is not None}
    return sorted(named - {_OURS})


def configure_logging(part: str) -> None:
    """Log what Groundwork and the applications have to say to standard error, a line per record: time, part, level,
    message; or in JSON.

    Raises:
        ConfigurationError: a setting cannot be.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines(part)
        if settings().log_format == "json"
        else logging.Formatter(f"%(asctime)s {part:<8} %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    )
    # Not on the root logger: Prefect configures that one anew, with a level of WARNING, when it is first used.
    for package in (_OURS, *packages_of_applications()):
        logger = logging.getLogger(package)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def logging_of_prefect() -> dict[str, str]:
    """Prefect's settings by which its processes log as ours do: the worker with its runs, server and services.

    Raises:
        ConfigurationError: a setting cannot be.
    """
    if settings().log_format == "text":
        return {}
    return {
        "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": f"{JsonLines.__module__}.{JsonLines.__qualname__}",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": f"{LineHandler.__module__}.{LineHandler.__qualname__}",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    }


def logging_of_uvicorn(part: str) -> dict[str, Any] | None:
    """uvicorn's ``log_config`` for a server of ours; None: its own.

    Raises:
        ConfigurationError: a setting cannot be.
    """
    if settings().log_format == "text":
        return None
    names = ("uvicorn", _OURS, *packages_of_applications())
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines, "part": part}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": {name: {"handlers": ["lines"], "level": "INFO", "propagate": False} for name in names},
    }


def let_applications_be_heard() -> None:
    """Let what applications log in runs through from INFO on, unless they have set a level themselves: to the worker's
    console, and to Prefect by ``PREFECT_LOGGING_EXTRA_LOGGERS``."""
    for package in packages_of_applications():
        logger = logging.getLogger(package)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
