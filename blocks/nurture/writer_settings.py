"""Settings of what writes sequences, which its block reads; the application's settings have them too."""

from typing import Literal

from pydantic import Field, SecretStr

from groundwork.blocks.environment import EnvironmentSettings


class WriterSettings(EnvironmentSettings):
    """Which model writes, and what it may cost at a time."""

    writer_provider: Literal["openai", "anthropic"] = Field(
        "openai",
        description="API that the model speaks: openai (any endpoint that is compatible with it) or anthropic.",
    )
    writer_url: str | None = Field(
        None,
        description="Base URL of the API, such as http://127.0.0.1:11434/v1. Default: the provider's own.",
    )
    writer_model: str | None = Field(
        None, description="Name of the model, as its provider says it. Has no default: with a key, one has to be named."
    )
    writer_api_key: SecretStr | None = Field(
        None,
        description="Key of the provider. Default: none, and no model is asked: sequences come from built-in "
        "templates. A secret: in the environment of the workers only.",
    )
    writer_input_price: float | None = Field(
        None,
        ge=0,
        description="Dollars per million tokens that the model reads. Default: the price that the library knows of the "
        "model; it knows none of a model of your own. Too low: budgets let more through than they say.",
    )
    writer_output_price: float | None = Field(
        None, ge=0, description="Dollars per million tokens that the model writes; see GROUNDWORK_WRITER_INPUT_PRICE."
    )
    writer_max_tokens: int = Field(
        3000,
        ge=300,
        le=100_000,
        description="Most tokens of one answer. Too low: answers are cut off, and templates are used in their place. "
        "Too high: each call reserves as much of the day's budget until it has ended.",
    )
    writer_timeout_seconds: float = Field(
        60.0,
        gt=0,
        description="How long a model may take to answer, in seconds. Too low: answers that were paid for are thrown "
        "away. Too high: a model that hangs holds a worker.",
    )
    writer_calls_per_minute: int = Field(
        300,
        ge=1,
        le=100_000,
        description="Most calls of models in any minute, over all workspaces. Too low: sequences wait for each other. "
        "Too high: the provider answers 429, and everybody's calls wait as long as it says.",
    )
    writer_workspace_calls_per_minute: int = Field(
        60,
        ge=1,
        le=100_000,
        description="Most calls of models in any minute for one workspace. Too low: its imports wait. Too high: one "
        "workspace uses up the calls of all.",
    )
