"""One call of a model by pydantic-ai. Imported only where one is asked, by :mod:`groundwork.blocks.nurture.writer`.

The libraries' own retries are off: the step that asks is what tries again, and waits as long as a provider says.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NoReturn, TypeVar

from anthropic import AsyncAnthropic
from genai_prices import Usage, calc_price
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai import exceptions as failures
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from groundwork.blocks.environment import read_settings
from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.mail.headers import clean
from groundwork.blocks.nurture.writer import MICROS, Answer, ModelAway, ModelDeclined, Prompt
from groundwork.blocks.nurture.writer_settings import WriterSettings
from groundwork.blocks.own_loop import run_in_own_loop

if TYPE_CHECKING:
    from groundwork.blocks.nurture.writer import Writer

T = TypeVar("T", bound=BaseModel)

_QUOTED = 300
"""Characters of a provider's message in ours."""


@dataclass(frozen=True)
class _Response:
    """An error's response, as :meth:`RetryAfter.of` looks at it."""

    headers: Mapping[str, str]
    status_code: int


def call(writer: "Writer", prompt: Prompt, output: type[T]) -> Answer[T]:
    """Ask the model once; see :meth:`Writer.ask`."""
    usage = RunUsage()
    found: T | None = None
    fault: str | None = None
    try:
        found = run_in_own_loop(_ask(writer, prompt, output, usage))
    except failures.ContentFilterError:
        raise ModelDeclined("the provider's content filter stopped the answer", "content") from None
    except failures.OutputTokenLimitExceeded:
        fault = "it is cut off: it must be shorter"
    except failures.UnexpectedModelBehavior:
        # What it says quotes the answer, which is untrusted.
        fault = "it is not of the form that was asked for"
    except failures.ModelAPIError as error:
        _explain(writer, error)
    return Answer(
        output=found,
        fault=fault,
        tokens_in=usage.input_tokens,
        tokens_out=usage.output_tokens,
        cost_micros=writer.cost_micros(usage.input_tokens, usage.output_tokens),
    )


def known_price(writer: "Writer", tokens_in: int, tokens_out: int) -> int:
    """What a call costs by the prices that the library has, in millionths of a dollar.

    Raises:
        ConfigurationError: it has none of this model.
    """
    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    try:
        price = calc_price(usage, writer.model_name, provider_id=writer.provider)
    except LookupError:
        raise ConfigurationError(
            f"nobody knows the price of the model {writer.model_name}, which the daily budgets go by: set "
            "GROUNDWORK_WRITER_INPUT_PRICE and GROUNDWORK_WRITER_OUTPUT_PRICE, in dollars per million tokens; 0 for "
            "one of your own"
        ) from None
    return ceil(price.total_price * MICROS)


async def _ask(writer: "Writer", prompt: Prompt, output: type[T], usage: RunUsage) -> T:
    async with _model(writer) as model:
        agent = Agent(model, output_type=output, instructions=prompt.instructions, retries=0)
        said = [prompt.data]
        if prompt.corrections:
            said.append(
                "Your last answer could not be used:\n"
                + "\n".join(f"- {each}" for each in prompt.corrections)
                + "\nWrite all three mails again, without these faults."
            )
        result = await agent.run(said, usage=usage)
        return result.output


@asynccontextmanager
async def _model(writer: "Writer") -> AsyncIterator[Model]:
    """The model, over connections that end with the call, since its event loop does."""
    said = read_settings(WriterSettings)
    options = ModelSettings(max_tokens=said.writer_max_tokens, timeout=said.writer_timeout_seconds)
    key = writer.api_key.get_secret_value() if writer.api_key else ""
    if writer.provider == "anthropic":
        async with AsyncAnthropic(api_key=key, base_url=writer.base_url, max_retries=0) as anthropic:
            yield AnthropicModel(
                writer.model_name, provider=AnthropicProvider(anthropic_client=anthropic), settings=options
            )
    else:
        async with AsyncOpenAI(api_key=key, base_url=writer.base_url, max_retries=0) as openai:
            yield OpenAIChatModel(writer.model_name, provider=OpenAIProvider(openai_client=openai), settings=options)


def _explain(writer: "Writer", error: failures.ModelAPIError) -> NoReturn:
    """Raise what an error means to whoever asks. Neither its text nor its chain has the key."""
    told = f"{writer.provider} ({writer.model}): {_discreet(writer, error)}"
    if isinstance(error, failures.ModelQuotaExceededError):
        raise ModelDeclined(f"{told}. The quota has ended: top the account up", "quota") from None
    if isinstance(error, failures.ModelContextWindowExceededError):
        raise ModelDeclined(f"{told}. What it was asked is too long", "context") from None
    if isinstance(error, failures.ModelAuthenticationError):
        raise ConfigurationError(
            f"{writer.provider} refuses the key of the writer. Correct GROUNDWORK_WRITER_API_KEY, restart the workers, "
            "then `groundwork dead replay`"
        ) from None
    if isinstance(error, failures.ModelRequestRejectedError):
        raise ConfigurationError(
            f"{told}. Correct GROUNDWORK_WRITER_MODEL or GROUNDWORK_WRITER_URL, then `groundwork dead replay`"
        ) from None
    response = _response(error)
    if isinstance(error, failures.ModelRateLimitError) or "retry-after" in {each.lower() for each in response.headers}:
        raise RetryAfter.of(response, told) from None
    unsent = isinstance(error, failures.ModelConnectionError) and error.phase in ("pool", "connect")
    raise ModelAway(told, may_be_billed=not unsent and not isinstance(error, failures.ModelHTTPError)) from None


def _response(error: failures.ModelAPIError) -> _Response:
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    return _Response(headers, getattr(error, "status_code", 0))


def _discreet(writer: "Writer", error: failures.ModelAPIError) -> str:
    message = str(error)
    if writer.api_key and (key := writer.api_key.get_secret_value()):
        message = message.replace(key, "<key>")
    return clean(message, _QUOTED)
