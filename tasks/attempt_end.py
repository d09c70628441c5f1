"""Which errors end an attempt, whatever the job catches of the others."""

from prefect.exceptions import CancelledRun, CrashedRun

from groundwork.blocks.errors import ControlFlow
from groundwork.blocks.retry import database_went_away
from groundwork.tasks.provider_limit import prefect_went_away


def ends_the_attempt(error: Exception) -> bool:
    """Whether an error concerns the attempt, and not the one piece of work of several that met it: the run is told to
    end, or the database or Prefect went away. Raise it; the next attempt goes on with what is left."""
    ends = isinstance(error, ControlFlow | CancelledRun | CrashedRun)
    return ends or database_went_away(error) or prefect_went_away(error)
