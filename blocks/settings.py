"""Settings of Groundwork: environment variables with the prefix ``GROUNDWORK_``.

Every field states its default, its unit and what breaks when it is too low or too high. Prefect's own settings stay
Prefect's (``PREFECT_*``).
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_EVENT_KEY = "development"
"""The event key of a machine nobody has configured. Refused in production mode."""


class Settings(BaseSettings):
    """What the environment says. Read once per process through :func:`settings`."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", env_ignore_empty=True, extra="ignore")

    mode: Literal["development", "production"] = Field(
        "development",
        description="production refuses the default event key and demands signatures. Risk of development in "
        "production: anyone who can reach the gateway can send events.",
    )
    home: Path = Field(
        Path(".groundwork"),
        description="Folder of the embedded mode: PostgreSQL, blobs, mails, step results, logs. Two `up` on one home "
        "are refused.",
    )
    database_url: SecretStr | None = Field(
        None, description="postgresql://… of PostgreSQL 14 or later. Default: the embedded server in the home."
    )
    storage_url: str | None = Field(
        None,
        description="Blob store: file:///folder or s3://bucket/prefix (endpoint, credentials: the AWS_* variables). "
        "Default: the folder `blobs` in the home, which one machine sees.",
    )
    event_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_EVENT_KEY),
        description="Bearer key of senders. It may send every event for every workspace; restricted keys are entries "
        "of the block ingest-keys.",
    )
    signing_secret: SecretStr | None = Field(
        None,
        description="Standard Webhooks secrets (whsec_…) of the event key, comma-separated while they are rotated. "
        "Default: unsigned requests are accepted in development mode, none in production mode.",
    )
    host: str = Field("127.0.0.1", description="Address the gateway listens on. 0.0.0.0 opens it to the network.")
    port: int = Field(8700, ge=0, le=65535, description="Port of the gateway.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s?#]+[^\s?#]*$",
        description="URL at which people reach the gateway, for the download links of a folder store. Default: "
        "http://127.0.0.1:<port>, which works on this machine only.",
    )
    prefect_port: int = Field(4200, ge=0, le=65535, description="Port of the embedded Prefect server and its UI.")
    smtp_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:587 (STARTTLS where offered) or smtps://…:465. Default: mails are "
        "written as .eml files into the folder `outbox` in the home.",
    )
    mail_from: str = Field("Groundwork <no-reply@groundwork.invalid>", description="Sender of every mail.")

    concurrency: int = Field(
        4,
        ge=1,
        description="Runs at once on this machine: the limit that `up` gives the work pool when it makes it (change it "
        "later in the UI). Too low: cores idle. Too high: runs share memory and cores, and all slow down.",
    )
    interactive_share: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Share of the workers' capacity that bulk jobs leave free for interactive ones, rounded up to whole "
        "runs, where there is an interactive job. Too low: a hot lead waits behind imports. Too high: idle workers.",
    )
    worker: Literal["groundwork", "process"] = Field(
        "groundwork",
        description="Type of the worker and of the work pool that `up` makes: groundwork (warm), or Prefect's "
        "own process. Risk of process: each run starts seconds later.",
    )
    preload: str = Field(
        "",
        description="Modules that the warm worker imports besides the package flows, comma-separated: jobs kept "
        "elsewhere. A module that cannot be imported keeps every run from starting.",
    )
    lease_seconds: float = Field(
        30.0,
        ge=1,
        description="How long a run may go without renewing its lease (renewed at a third of it). Too low: a paused "
        "machine loses live runs to redelivery. Too high: a dead run is noticed that much later.",
    )
    claim_seconds: float = Field(
        60.0,
        ge=1,
        description="How long an admitted delivery may wait for its run to start before the run is started again. Too "
        "low: more runs that find their delivery already claimed. Too high: a lost start waits that much longer.",
    )
    max_attempts: int = Field(
        5, ge=1, description="Runs a delivery may use up before it is a dead letter. Too low: a rough night loses work."
    )

    max_body_bytes: int = Field(
        4 * 1024 * 1024,
        ge=1024,
        description="Largest body of POST /events, in bytes; more is 413. Too high: memory of the gateway.",
    )
    import_chunk_bytes: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        description="Bytes of CSV per chunk, which is one step and one transaction. Too low: per-step cost (about 30 "
        "ms) dominates. Too high: memory, and a longer transaction to repeat after a crash.",
    )
    import_max_bytes: int = Field(
        5 * 1024**3, ge=1024, description="Largest CSV after unpacking, in bytes; larger files are refused."
    )
    import_max_ratio: int = Field(
        200, ge=2, description="Largest unpacked ÷ packed size of a .gz or .zip upload; more is taken for a zip bomb."
    )
    import_max_columns: int = Field(
        1000, ge=1, description="Most columns of a CSV. Too high: memory per chunk; every unknown column is JSON."
    )

    @property
    def in_production(self) -> bool:
        """Whether defaults that only suit a developer's machine are refused."""
        return self.mode == "production"


@lru_cache
def settings() -> Settings:
    """The process's settings, read from the environment at first use."""
    return Settings()
