"""Settings of the fitness application. What differs between gyms stands in the table ``fitness.gym``."""

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache


class FitnessSettings(EnvironmentSettings):
    """Limits and keys of the fitness application. Read once per process through :func:`fitness_settings`."""


@process_cache
def fitness_settings() -> FitnessSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(FitnessSettings)
