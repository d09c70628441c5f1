"""A contact as an application hands it over."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from groundwork.blocks.mail.addresses import mail_address
from groundwork.events.identifiers import RecordId, WorkspaceId


def _checked_address(value: str) -> str:
    mail_address(value)
    return value


class Contact(BaseModel):
    """A contact with what the application knows of it. What is None stays as it is known here already.

    Attributes:
        email: as the person writes it. Without one nothing is sent.
        first_name, last_name: whatever people call themselves, 1,000 characters at most.
        notes: what the agency's people wrote of the contact, 20,000 characters at most: data, never an instruction.
        agent_id: user who looks after it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace_id: WorkspaceId
    id: RecordId
    email: Annotated[str, Field(max_length=320), AfterValidator(_checked_address)] | None = None
    first_name: str | None = Field(None, max_length=1000)
    last_name: str | None = Field(None, max_length=1000)
    phone: str | None = Field(None, max_length=100)
    notes: str | None = Field(None, max_length=20_000)
    agent_id: str | None = Field(None, max_length=128)
