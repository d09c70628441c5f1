"""How an agency writes: the brand voice in use."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, insert, select, text

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.nurture.agency import brand_voice
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.step import step

Tone = Literal["warm", "formal", "brisk"]


class BrandVoice(BaseModel):
    """A version of a workspace's brand voice.

    Attributes:
        version: counts up with each change. It is part of the key of the steps that write: a changed voice writes anew.
        about: the agency in its own words, for models.
        greeting: word before the first name.
        sign_off: last line, such as 'Warm regards'.
        signature: who signs.
    """

    model_config = ConfigDict(frozen=True)

    version: int
    tone: Tone
    about: str = Field("", max_length=4000)
    greeting: str = Field("Hello", min_length=1, max_length=40, pattern=r"^[^\r\n]+$")
    sign_off: str = Field(min_length=1, max_length=80, pattern=r"^[^\r\n]+$")
    signature: str = Field(min_length=1, max_length=120, pattern=r"^[^\r\n]+$")


@step(memoise=False)
def resolve_brand_voice(workspace_id: WorkspaceId) -> BrandVoice:
    """The brand voice that a workspace has now. Not remembered: whoever replays after a change means the new one.

    Raises:
        NonRetriable: see :func:`brand_voice_of`.
    """
    with database().transaction() as connection:
        return brand_voice_of(connection, workspace_id)


def brand_voice_of(connection: Connection, workspace_id: str) -> BrandVoice:
    """The brand voice in use.

    Raises:
        NonRetriable: the workspace has none; the message says how to make one.
    """
    latest = (
        select(*(brand_voice.c[name] for name in BrandVoice.model_fields))
        .where(brand_voice.c.workspace_id == str(workspace_id))
        .order_by(brand_voice.c.version.desc())
        .limit(1)
    )
    row = connection.execute(latest).mappings().first()
    if row is None:
        raise NonRetriable(
            f"Workspace {workspace_id} has no brand voice, so nobody knows how to write. Make one: `groundwork nurture "
            f"voice set --workspace {workspace_id} --tone warm --sign-off 'Warm regards' --signature 'The team'`, then "
            "`groundwork dead replay`."
        )
    return BrandVoice(**row)


def set_brand_voice(connection: Connection, workspace_id: str, voice: BrandVoice) -> BrandVoice:
    """Have a workspace write in another voice from now on.

    Args:
        voice: its version is not looked at.

    Returns:
        The voice with its version; the one in use, where it says the same.
    """
    # Two at once would make the same version: they take turns.
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('nurture.brand_voice ' || :workspace_id, 0))")
    connection.execute(lock, {"workspace_id": str(workspace_id)})
    mine = brand_voice.c.workspace_id == str(workspace_id)
    version = connection.execute(select(func.max(brand_voice.c.version)).where(mine)).scalar()
    if version is not None:
        in_use = brand_voice_of(connection, workspace_id)
        if in_use == voice.model_copy(update={"version": in_use.version}):
            return in_use
    new = voice.model_copy(update={"version": (version or 0) + 1})
    connection.execute(insert(brand_voice).values(workspace_id=str(workspace_id), **new.model_dump()))
    return new
