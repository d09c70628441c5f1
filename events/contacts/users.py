"""Events of the domain ``user``."""

from groundwork.events.base import UserEvent


class UserSignedUp(UserEvent, name="user/signed.up"):
    """A person has an account now. The application stores the user first; jobs look them up by ``userId``."""
