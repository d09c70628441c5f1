"""The Writer block: a model that writes, or none, in which case templates are used.

The library that speaks to models costs seconds and 100 MB to import. Only :meth:`Writer.ask` imports it, so a process
that asks no model, such as the gateway, never has it.
"""

from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, Field, SecretStr

from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.environment import read_settings
from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable
from groundwork.blocks.nurture.writer_settings import WriterSettings
from groundwork.blocks.process_cache import process_cache

T = TypeVar("T", bound=BaseModel)

MICROS = 1_000_000
"""Of a dollar."""


class ModelAway(GroundworkError):
    """The model cannot be reached or fails for now. The step tries again; if it lasts, look at the provider's status
    page, then `groundwork dead replay`.

    Attributes:
        may_be_billed: the request may have been answered, and the answer was lost.
    """

    def __init__(self, message: str = "", *, may_be_billed: bool = True) -> None:
        super().__init__(message)
        self.may_be_billed = may_be_billed


class ModelDeclined(NonRetriable):
    """The model answers this request never, or not soon. A template is used in its place.

    Attributes:
        kind: quota (nobody's requests are answered until somebody pays), content or context (this one is too delicate
            or too long).
    """

    def __init__(self, message: str, kind: Literal["quota", "content", "context"]) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Prompt:
    """What a model is asked.

    Attributes:
        instructions: ours; nothing in it comes from a contact.
        data: what it writes about, as one delimited field.
        corrections: what was wrong with its last answer, and that answer's text is not repeated.
    """

    instructions: str
    data: str
    corrections: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(each.encode()) for each in (self.instructions, self.data, *self.corrections))


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What a model answered, and what it cost.

    Attributes:
        output: None where the answer is not of the form that was asked for.
        fault: why there is none.
        cost_micros: millionths of a dollar.
    """

    output: T | None
    fault: str | None
    tokens_in: int
    tokens_out: int
    cost_micros: int


class Writer(ConfiguredBlock):
    """Writes mails.

    Left empty, it is what ``GROUNDWORK_WRITER_*`` say, else no model writes and built-in templates are used.
    """

    _block_type_name: ClassVar[str] = "Groundwork Writer"
    _block_type_slug: ClassVar[str] = "groundwork-writer"
    _description: ClassVar[str] = "The model that writes sequences of mails. Without a key, templates are used."
    document: ClassVar[str] = "writer"

    provider: Literal["openai", "anthropic"] = Field("openai", description="API that the model speaks.")
    base_url: str | None = Field(None, title="URL", description="Base URL of the API. Empty: the provider's own.")
    model: str | None = Field(None, description="Name of the model.")
    api_key: SecretStr | None = Field(None, title="API key", description="Empty: no model is asked.")
    input_price: float | None = Field(None, ge=0, description="Dollars per million tokens read. Empty: as known.")
    output_price: float | None = Field(None, ge=0, description="Dollars per million tokens written.")

    @classmethod
    def from_settings(cls) -> Self | None:
        said = read_settings(WriterSettings)
        if said.writer_api_key is None:
            return None
        return cls(
            provider=said.writer_provider,
            base_url=said.writer_url,
            model=said.writer_model,
            api_key=said.writer_api_key,
            input_price=said.writer_input_price,
            output_price=said.writer_output_price,
        )

    @property
    def has_model(self) -> bool:
        """Whether a model writes."""
        return self.api_key is not None

    @property
    def model_name(self) -> str:
        """The model.

        Raises:
            ConfigurationError: none is named.
        """
        if not self.model:
            raise ConfigurationError(
                "the writer has a key and no model: set GROUNDWORK_WRITER_MODEL, or name one in the block `writer`"
            )
        return self.model

    def ask(self, prompt: Prompt, output: type[T]) -> Answer[T]:
        """Ask the model once. Nothing is tried again here: that is the step's business.

        Args:
            output: form of the answer.

        Raises:
            RetryAfter: the provider asks to be left alone for a time.
            ModelAway: it cannot be reached, or fails.
            ModelDeclined: it will not answer this.
            ConfigurationError: key, model or URL are wrong.
        """
        from groundwork.blocks.nurture.model_call import call

        return call(self, prompt, output)

    def most_micros(self, prompt: Prompt) -> int:
        """The most that a call may cost, in millionths of a dollar.

        Raises:
            ConfigurationError: nobody knows the model's price.
        """
        # A token is a byte at least; of what people write, it is three and more. The form of the answer adds to it.
        return self.cost_micros(prompt.size // 2 + 1000, read_settings(WriterSettings).writer_max_tokens)

    def cost_micros(self, tokens_in: int, tokens_out: int) -> int:
        """What a call has cost, in millionths of a dollar.

        Raises:
            ConfigurationError: nobody knows the model's price.
        """
        if self.input_price is None or self.output_price is None:
            from groundwork.blocks.nurture.model_call import known_price

            return known_price(self, tokens_in, tokens_out)
        return round(tokens_in * self.input_price + tokens_out * self.output_price)


@process_cache
def writer() -> Writer:
    """The process's writer, as configured."""
    return Writer.configured()


def preload() -> None:
    """Import what asks a model, where one is configured by the environment: in a worker, before its runs are forked."""
    if read_settings(WriterSettings).writer_api_key is not None:
        import groundwork.blocks.nurture.model_call  # noqa: F401
