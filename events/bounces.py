"""What became of a mail after a server had taken it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from groundwork.events.base import Event


class MailBounced(Event, name="mail/address.bounced"):
    """A mail to one of the workspace's users came back, as the mail provider's webhook tells. Whatever receives that
    webhook sends this, signed; it knows the workspace by the address."""

    address: Annotated[str, Field(min_length=3, max_length=320)]
    kind: Literal["hard", "soft"] = Field(
        description="hard: there is no such mailbox, or its owner complained; soft: it is full, or busy."
    )
    reason: Annotated[str, Field(max_length=1000)] = ""
    at: AwareDatetime = Field(description="When it came back.")
