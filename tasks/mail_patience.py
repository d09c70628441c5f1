"""How long a mail waits for a server that puts it off: four hours, without holding a worker for it.

Greylisting takes minutes, a server's restart or a full queue up to hours, and whoever mends a set-up that is refused
needs some, too. Every step that mails says so::

    @step(**MAIL_PATIENCE, key=("user_id",))
"""

from typing import Final, TypedDict


class Patience(TypedDict):
    """Options of a step; see :class:`~groundwork.tasks.step_options.StepOptions`."""

    retries: int
    first_delay: float
    longest_delay: float


MAIL_PATIENCE: Final[Patience] = {"retries": 14, "first_delay": 2.0, "longest_delay": 3600.0}
"""After 2, 4, 8 s and so on, from the eleventh on once in an hour. Too long a delay at the end: mail waits on behind a
server that is back. Too short: one that is down all night is asked again and again."""
