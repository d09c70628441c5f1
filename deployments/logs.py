"""How Groundwork's own processes log."""

import logging
import sys


def configure_logging(part: str) -> None:
    """Log to standard error, a line per record: time, part, level, message."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format=f"%(asctime)s {part:<8} %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
