"""Settings of the engine. Prefect's own settings stay Prefect's (``PREFECT_*``)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mail.addresses import mailbox
from groundwork.blocks.mail.server import MailServer
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.workspace_path import WORKSPACE_PATTERN

DEVELOPMENT_EVENT_KEY = "development"
"""The event key of a machine nobody has configured. Refused in production mode."""


class Settings(EnvironmentSettings):
    """What the environment says. Read once per process through :func:`settings`."""

    mode: Literal["development", "production"] = Field(
        "development",
        description="production refuses the default event key, and demands signatures and a sign-in to Prefect. Risk "
        "of development in production: anyone who can reach the gateway can send events.",
    )
    home: Path = Field(
        Path(".groundwork"),
        description="Folder of the embedded mode: PostgreSQL, blobs, mails, step results, logs. Two `up` on one home "
        "are refused.",
    )
    database_url: SecretStr | None = Field(
        None, description="postgresql://… of PostgreSQL 14 or later. Default: the embedded server in the home."
    )
    database_pooler: Literal["detect", "transaction", "none"] = Field(
        "detect",
        description="Whether GROUNDWORK_DATABASE_URL leads to a pooler that gives each transaction another connection "
        "(PgBouncer with pool_mode=transaction). detect asks the first connection, and takes any pooler for one. Risk "
        "of none before such a pooler: statements fail, and notifications are lost.",
    )
    database_direct_url: SecretStr | None = Field(
        None,
        description="postgresql://… of the same database past such a pooler, for what needs a session: notifications "
        "(two connections per relay, one per worker and per host of light runs), and Prefect's database. Default: "
        "none; events behind a pooler then wait up to 0.25 s longer, and runs up to 0.5 s.",
    )
    prefect_database_url: SecretStr | None = Field(
        None,
        description="postgresql://… of the database of the Prefect server that `up` starts, which has to exist. "
        "Default: the database `prefect` on the server of GROUNDWORK_DATABASE_URL, which is made; else one on the "
        "embedded server.",
    )
    storage_url: str | None = Field(
        None,
        description="Blob store: file:///folder or s3://bucket/prefix (endpoint, credentials: the AWS_* variables), or "
        "the URL of a store that an installed package brings. Default: the folder `blobs` in the home, which one "
        "machine sees.",
    )
    storage_shared: bool = Field(
        False,
        description="Whether a folder store is the same folder on every machine (NFS and the like), or there is only "
        "one machine. In production mode with GROUNDWORK_DATABASE_URL, no gateway and no worker starts on a folder "
        "without it. Risk of true where it is not so: uploads are not found, and finished steps are done again.",
    )
    s3_checksums: Literal["detect", "always", "required"] = Field(
        "detect",
        description="Whether uploads to S3 carry a checksum behind the content (`aws-chunked`). detect: to AWS alone. "
        "required: only where S3 demands one. Risk of always with a store of another maker: an older one keeps the "
        "frame as content; what was stored is compared by etag or size, and the job fails.",
    )
    s3_addressing: Literal["auto", "path", "virtual"] = Field(
        "auto",
        description="Where the bucket stands in the URLs of S3: in the path, or in the host name (virtual). auto: in "
        "the host name for AWS, in the path for other endpoints. Wrong: the bucket does not exist.",
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
    inngest_key: SecretStr | None = Field(
        None,
        description="Key that Inngest's clients send with (their INNGEST_EVENT_KEY), of letters, digits, - and _: it "
        "stands in the path of POST /e/<key>, where nothing is signed, and is good for nothing else. It may send every "
        "event for every workspace; restricted ones are entries of the block ingest-keys. Default: none; development "
        "mode takes unsigned keys there.",
    )
    inngest_workspace: str = Field(
        "data.workspaceId",
        pattern=WORKSPACE_PATTERN,
        description="Where events of Inngest's clients say their workspace, such as data.orgId, unless their type "
        "does. Wrong: their events are refused.",
    )
    unknown_events: Literal["refuse", "store"] = Field(
        "refuse",
        description="What becomes of events of Inngest's clients whose name no event type has: refused, with the "
        "nearest name; or stored until there is a type (groundwork events unknown). Risk of store: nobody is told of a "
        "misspelt name, and the database grows.",
    )
    link_secret: SecretStr | None = Field(
        None,
        description="Secrets of 32 characters at least that sign links in mails (unsubscribe, and downloads from a "
        "folder store), comma-separated: the first signs, all verify. The same for gateway and workers, and unknown to "
        "senders. Default: one that development mode keeps in the home; in production mode no link is made, and none "
        "works. Leaving an old one out ends the unsubscribe links in old mails.",
    )
    console_key: SecretStr | None = Field(
        None,
        description="Key that an operator of the console (/console of the gateway) signs in with; viewers, and keys "
        "bound to one workspace, are entries of the block console-keys. Not a key of events. Default: development mode "
        "takes the key `development` from this machine alone; in production mode nobody can sign in.",
    )
    console_viewer_key: SecretStr | None = Field(
        None,
        description="Key that a viewer of the console signs in with, who changes nothing. Default: none.",
    )
    console_frame_origins: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+( +|$))*$",
        description="Origins, separated by spaces, whose pages may show the console in a frame, such as "
        "https://app.example.com. Default: none. Risk: such a page can lay something over the console and have people "
        "click what they do not see.",
    )
    host: str = Field("127.0.0.1", description="Address the gateway listens on. 0.0.0.0 opens it to the network.")
    port: int = Field(8700, ge=0, le=65535, description="Port of the gateway.")
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port at which a relay or a worker serves /healthz and /readyz, on GROUNDWORK_HOST; 0: none. "
        "Default: 8701 for `groundwork relay`, 8702 for `groundwork worker`, none for the parts of `up`. Two parts of "
        "one machine need two.",
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How parts log: lines for people; or an object of JSON per line, with time, level, part, message, "
        "and the ids of workspace, event, delivery, attempt and run wherever they are known.",
    )
    connections_per_address: int = Field(
        128,
        ge=1,
        description="Connections that one address may have open to the gateway; more are 503. Behind a proxy all come "
        "from its address: allow as many as it opens. Too low: 503 for senders that share an address. Too high: one "
        "client can hold all of them.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s?#]+[^\s?#]*$",
        description="URL at which people reach the gateway: what mails link to (unsubscribe, and downloads from a "
        "folder store), and runs in Prefect (their events in the console). Default: http://127.0.0.1:<port>, which "
        "works on this machine only.",
    )
    gateway_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s?#@]+[^\s?#]*$",
        description="URL at which commands and GatewayClient reach the gateway, such as that of a load balancer. "
        "Default: that of the `up` on the home, else http://<GROUNDWORK_HOST>:<GROUNDWORK_PORT>. Wrong: events are "
        "sent elsewhere, with the event key.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="redis://… or rediss://… that Prefect's servers and their services share (`pip install "
        "'groundwork[redis]'`). Needed as soon as there are two of them: without it each has messages and leases of "
        "its own, and runs are started twice or never. Default: none, one server with its services in one process.",
    )
    prefect_port: int = Field(4200, ge=0, le=65535, description="Port of the embedded Prefect server and its UI.")
    smtp_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:587 (STARTTLS where offered) or smtps://…:465. Default: mails are "
        "written as .eml files into the folder `outbox` in the home.",
    )
    mail_from: str = Field(
        "Groundwork <no-reply@groundwork.invalid>",
        description="Sender of every mail: Name <address>, or an address alone.",
    )
    mail_domain: str = Field(
        "groundwork",
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$",
        description="Domain in the Message-ID of every mail. Risk of the default: filters count a domain that is none "
        "against the mail. Changing it: a mail that is sent once more after a crash counts as another one.",
    )
    mail_hello: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9\[][A-Za-z0-9.:\]-]{0,253}$",
        description="Name of this machine that the mail server is told (EHLO). Default: its own. Servers that look the "
        "name up refuse one that is not in the DNS.",
    )
    mail_connections: int = Field(
        4,
        ge=1,
        le=50,
        description="Connections to the mail server over which one run sends the mails of a digest at once. Too low: "
        "a digest of thousands takes long. Too high: the server answers 421, and mails wait.",
    )
    mails_per_connection: int = Field(
        500,
        ge=1,
        description="Mails over one connection, after which another is made. Too low: each connection costs a tenth of "
        "a second, and servers limit how many there are in a minute. Too high: the server ends it, and a new one is "
        "made.",
    )
    mails_per_minute: float | None = Field(
        None,
        gt=0,
        description="Mails that one process sends in a minute. Default: as many as the server takes. Too high: the "
        "server answers 421 or 452, and mails wait. Too low: a digest takes long.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                MailServer.of(url.get_secret_value())
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return url

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, sender: str) -> str:
        try:
            mailbox(sender)
        except ValueError as error:
            raise ValueError(f"{error}; give Name <address>, or an address") from None
        return sender

    concurrency: int = Field(
        4,
        ge=1,
        description="Runs at once on this machine, hosts of light runs aside, which have places besides: what a worker "
        "holds that is told no --limit. With GROUNDWORK_WORKER=process, the limit that the work pool is made with. Too "
        "low: cores idle. Too high: runs share memory and cores, and all slow down.",
    )
    interactive_share: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Share of the workers' capacity that bulk jobs leave free for interactive ones, rounded up "
        "to whole runs, where there is an interactive job. Too low: a hot lead waits behind imports. Too high: idle "
        "workers.",
    )
    give_way_seconds: float = Field(
        60.0,
        ge=0,
        description="Seconds for which bulk work gives way after an interactive run was admitted: bulk runs start one "
        "by one, with GROUNDWORK_BULK_START_SECONDS between them; hosts of bulk light jobs claim every 0.1 s, until it "
        "has begun. 0: never. Too low: bursts of short bulk runs slow down rare interactive runs. Too high: such "
        "bursts take longer.",
    )
    bulk_start_seconds: float = Field(
        0.75,
        ge=0,
        description="Seconds between two starts of bulk runs while they give way; starting a run is what costs Prefect "
        "most. Too low: interactive runs start up to three times later in a burst. Too high: short bulk runs are "
        "held up.",
    )
    light_hosts: int = Field(
        1,
        ge=1,
        description="Runs that may carry light deliveries at once, as hosts; interactive light jobs have one more. "
        "Each has a place of the work pool, which no other run takes. Too low: one core carries all of it. Too high: "
        "they share cores with other runs.",
    )
    light_places: int = Field(
        64,
        ge=1,
        le=256,
        description="Deliveries that one host runs at once, each in a thread that may have a connection to PostgreSQL. "
        "Too low: those that wait for a provider keep others waiting, and fewer share each statement. Too high: "
        "PostgreSQL has no connection left, and one crash takes more of them with it.",
    )
    light_idle_seconds: float = Field(
        300.0,
        ge=0,
        description="Seconds without light work after which a host ends. Too low: the next event waits for the start "
        "of a run. Too high: a process stands idle, with its memory.",
    )
    light_host_seconds: float = Field(
        900.0,
        ge=1,
        description="Seconds after which a host hands over to another one. Too low: hosts start for nothing. Too high: "
        "what leaks in a job's code is kept for longer.",
    )
    light_host_megabytes: int = Field(
        1024,
        ge=64,
        description="Memory in MiB at which a host hands over to another one. Too low: hosts start for nothing. Too "
        "high: a job that leaks takes the machine's memory.",
    )
    light_timeout_seconds: float = Field(
        900.0,
        gt=0,
        description="Seconds that the body of a light delivery may take, unless its job says timeout. Beyond it, its "
        "host ends, and what it had not finished is delivered again. Too low: good work is done twice. Too high: a "
        "body that hangs keeps its place for that long.",
    )
    kept_result_bytes: int = Field(
        16 * 1024,
        ge=0,
        le=1024 * 1024,
        description="Largest result of a light run's step that is kept in the database, in bytes; larger ones go to "
        "the blob store. Too low: a request to the store per step. Too high: the database grows.",
    )
    worker: Literal["groundwork", "process"] = Field(
        "groundwork",
        description="Type of the worker and of the work pool that `up` makes: groundwork (warm), or Prefect's "
        "own process. Risk of process: each run starts seconds later.",
    )
    applications: str = Field(
        "",
        description="Applications that every part loads, comma-separated: names that installed packages register by "
        "the entry point groundwork.applications, or module:attribute. Default: operations and every registered one; "
        "where there is none, ours (contacts, fitness, nurture). One that cannot be imported keeps all from starting.",
    )
    project: str = Field(
        "",
        description="Folders whose prefect.yaml `up` and `deploy` apply, comma-separated. Default: the nearest one "
        "from the current folder upwards, else the checkout that Groundwork was installed from.",
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
    max_chain_depth: int = Field(
        100,
        ge=0,
        description="Events that may follow each other, each sent by a job for the one before. The job that would send "
        "one more fails, as a dead letter with the chain's correlation id. 0: any number. Too low: a long chain that "
        "means well ends early, such as one that pages through a provider or plans its own next run. Too high, or 0: "
        "jobs that send each other events for ever fill the workers.",
    )

    workspace_provider_limit: int = Field(
        2,
        ge=1,
        description="Steps of one workspace that may call a provider at once: the Prefect tag limit `workspace:<id>` "
        "that is made when the first such step runs (change it later in the UI). Too low: steps wait for each other. "
        "Too high: one workspace uses up a provider's quota.",
    )
    operators_email: str | None = Field(
        None, description="Address that gets a mail of dead letters. Default: none; they are in the event feed."
    )
    metrics_public: bool = Field(
        False,
        description="Whether GET /metrics answers without a key. Risk: whoever reaches the gateway sees the names of "
        "the jobs and how much they do.",
    )
    retention_days_events: int = Field(
        30,
        ge=7,
        description="Days that an event is kept after the last of its deliveries has ended, with deliveries, ledgers "
        "and dead letters. Too low: a sender that repeats an event later than that has it run twice.",
    )
    retention_days_results: int = Field(
        30,
        ge=1,
        description="Days that results of steps are kept after their delivery has ended. Too low: a replay repeats "
        "steps that were done.",
    )
    retention_days_flow_runs: int = Field(
        30,
        ge=1,
        description="Days that `up` has Prefect keep flow runs after their end. Too high: Prefect's database grows.",
    )

    max_body_bytes: int = Field(
        4 * 1024 * 1024,
        ge=1024,
        description="Largest body of a request that sends events, in bytes; more is 413. Too high: memory of the "
        "gateway.",
    )

    @property
    def host_places(self) -> int:
        """Places of the work pool that hosts of light runs have for themselves: those of bulk jobs, and the interactive
        jobs' one."""
        return self.light_hosts + 1

    @property
    def in_production(self) -> bool:
        """Whether defaults that only suit a developer's machine are refused."""
        return self.mode == "production"


@process_cache
def settings() -> Settings:
    """The process's settings, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(Settings)
