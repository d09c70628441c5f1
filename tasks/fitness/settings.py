"""Settings of the fitness application. What differs between gyms stands in the table ``fitness.gym``."""

from pydantic import Field

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache


class FitnessSettings(EnvironmentSettings):
    """Limits and keys of the fitness application. Read once per process through :func:`fitness_settings`."""

    score_chunk_members: int = Field(
        5_000,
        ge=1,
        le=10_000,
        description="Members whose scores or risks one step works on, in one transaction. Too low: a step (about 30 "
        "ms) for few members. Too high: memory, and a longer transaction to repeat after a crash.",
    )
    score_recompute_days: int = Field(
        120,
        ge=1,
        le=3_650,
        description="Days back from which a night makes all scores anew. Too low: what an event has missed, as its "
        "dead letter, stays. Too high: a night takes longer.",
    )
    score_night_hour: int = Field(
        3,
        ge=0,
        le=17,
        description="Hour of a workspace's own time from which its night is due, once for each local date; a missed "
        "one is caught up within six hours. Too early: readings of the night are not there yet.",
    )


@process_cache
def fitness_settings() -> FitnessSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(FitnessSettings)
