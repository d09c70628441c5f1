"""What is to be written, and what became of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from groundwork.events.nurture.contacts import Category
from groundwork.tasks.nurture.sequences.draft import Draft


class Work(BaseModel):
    """One thing that a model is to write.

    Attributes:
        kind: a template for a category, or mails to a contact.
        id: the category, or the contact's id.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["template", "contact"]
    id: str
    category: Category

    @property
    def name(self) -> str:
        """What no other work has: a contact's id may be the word for a category."""
        return f"{self.kind}:{self.id}"

    def name_in(self, voice_version: int) -> str:
        """For the ledger of costs: in another voice it is other work."""
        return f"{self.name} in voice {voice_version}"


class Call(BaseModel):
    """One call of the model for a work.

    Attributes:
        number: from 1.
        corrections: what was wrong with its last answer.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    prompt_version: str
    corrections: tuple[str, ...] = ()


class Asked(BaseModel):
    """What one call of the model came to.

    Attributes:
        draft: what it wrote, if it may be used.
        faults: what is wrong with it, in words that it can be asked again with.
        hopeless: why asking again is of no use, in words for people.
        ends_all: nobody's other requests are answered either: the quota or the budget has ended.
        called: whether the model was called.
    """

    model_config = ConfigDict(frozen=True)

    draft: Draft | None = None
    faults: tuple[str, ...] = ()
    hopeless: str | None = None
    ends_all: bool = False
    called: bool = True
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0


class Written(BaseModel):
    """What all calls for one work came to.

    Attributes:
        draft: None where templates have to be used.
        reason: why there is none.
        attempts: calls of the model.
        cost_micros: millionths of a dollar.
    """

    model_config = ConfigDict(frozen=True)

    draft: Draft | None = None
    reason: str | None = None
    prompt_version: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0
    attempts: int = 0

    def after(self, asked: Asked) -> "Written":
        """With one more call."""
        return self.model_copy(
            update={
                "draft": asked.draft,
                "reason": asked.hopeless or ("; ".join(asked.faults) if asked.faults else None),
                "model": asked.model or self.model,
                "tokens_in": self.tokens_in + asked.tokens_in,
                "tokens_out": self.tokens_out + asked.tokens_out,
                "cost_micros": self.cost_micros + asked.cost_micros,
                "attempts": self.attempts + asked.called,
            }
        )
