"""How Groundwork's own processes log."""

import logging
import sys

_OURS = ("groundwork",)


def configure_logging(part: str) -> None:
    """Log what Groundwork itself has to say to standard error, a line per record: time, part, level, message."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {part:<8} %(levelname)-7s %(message)s", datefmt="%H:%M:%S"))
    # Not on the root logger: Prefect configures that one anew, with a level of WARNING, when it is first used.
    for package in _OURS:
        logger = logging.getLogger(package)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
