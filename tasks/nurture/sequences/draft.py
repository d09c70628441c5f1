"""What a model or a template writes: three mails without greeting, signature and footer, which are added by code."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAILS = 3
LONGEST_SUBJECT = 78
"""Characters: what RFC 5322 recommends for a line, and more than mail programs show."""
SHORTEST_BODY, LONGEST_BODY = 60, 3000
"""Characters."""
LATEST_DAY = 60


class DraftMail(BaseModel):
    """One mail. The bounds stand in :mod:`groundwork.tasks.nurture.sequences.checks`, which says what is wrong."""

    model_config = ConfigDict(frozen=True)

    subject: str = Field(description="One line of at most 78 characters.")
    body: str = Field(description="Plain text in paragraphs. No greeting, no signature, no footer: they are added.")
    send_after_days: int = Field(description="Days after the first contact on which it is sent; the first mail: 0.")


class Draft(BaseModel):
    """A whole sequence."""

    model_config = ConfigDict(frozen=True)

    mails: Annotated[tuple[DraftMail, ...], Field(description="Exactly three, in their order.")]
