"""What can go wrong with a CRM, in words for the person who has to act."""

from groundwork.blocks.errors import GroundworkError, NonRetriable


class CrmUnavailable(GroundworkError):
    """The CRM did not answer, or answered that it is broken. The step tries again by itself; no action is needed unless
    it lasts."""


class CrmRefused(NonRetriable):
    """The CRM refuses this contact for good. The message has its reason. Correct the contact, then push it again."""


class CrmLocked(GroundworkError):
    """The CRM does not let us in. Check the account's credential (groundwork nurture crm connect) and what its app may
    do, then `groundwork dead replay`."""
