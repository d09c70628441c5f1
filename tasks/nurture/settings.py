"""Settings of the nurture application. What differs between agencies stands in the table ``nurture.agency``."""

from groundwork.blocks.environment import read_settings
from groundwork.blocks.nurture.writer_settings import WriterSettings
from groundwork.blocks.process_cache import process_cache


class NurtureSettings(WriterSettings):
    """Limits and keys of the nurture application. Read once per process through :func:`nurture_settings`."""


@process_cache
def nurture_settings() -> NurtureSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(NurtureSettings)
