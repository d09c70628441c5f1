"""How Groundwork's own processes log, and the applications' code in them."""

import logging
import sys

from groundwork.blocks.applications import applications

_OURS = "groundwork"


def packages_of_applications() -> list[str]:
    """Top-level packages of applications that are not ours: what their modules log begins with these names."""
    named = {each.partition(".")[0] for one in applications() for each in (one.jobs, one.events) if each is not None}
    return sorted(named - {_OURS})


def configure_logging(part: str) -> None:
    """Log what Groundwork and the applications have to say to standard error, a line per record: time, part, level,
    message."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {part:<8} %(levelname)-7s %(message)s", datefmt="%H:%M:%S"))
    # Not on the root logger: Prefect configures that one anew, with a level of WARNING, when it is first used.
    for package in (_OURS, *packages_of_applications()):
        logger = logging.getLogger(package)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def let_applications_be_heard() -> None:
    """Let what applications log in runs through from INFO on, unless they have set a level themselves: to the worker's
    console, and to Prefect by ``PREFECT_LOGGING_EXTRA_LOGGERS``."""
    for package in packages_of_applications():
        logger = logging.getLogger(package)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
