"""Settings of the fitness application. What differs between gyms stands in the table ``fitness.gym``."""

from pydantic import Field, SecretStr

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache


class FitnessSettings(EnvironmentSettings):
    """Limits and keys of the fitness application. Read once per process through :func:`fitness_settings`."""

    score_chunk_members: int = Field(
        5_000,
        ge=1,
        le=10_000,
        description="Members whose scores or risks one step works on, in one transaction. Too low: a step (about 30 "
        "ms) for few members. Too high: memory, and a longer transaction to repeat after a crash.",
    )
    score_recompute_days: int = Field(
        120,
        ge=1,
        le=3_650,
        description="Days back from which a night makes all scores anew. Too low: what an event has missed, as its "
        "dead letter, stays. Too high: a night takes longer.",
    )
    score_night_hour: int = Field(
        3,
        ge=0,
        le=17,
        description="Hour of a workspace's own time from which its night is due, once for each local date; a missed "
        "one is caught up within six hours. Too early: readings of the night are not there yet.",
    )
    feed_length: int = Field(
        500,
        ge=10,
        description="Newest items that a feed keeps. Too low: people come to its end. Too high: more rows, and a "
        "longer nightly trim.",
    )
    feed_rows_per_step: int = Field(
        10_000,
        ge=100,
        description="Rows that one step of fan-out writes, in one transaction. Too low: per-step cost (about 30 ms) "
        "dominates. Too high: whoever deletes a post waits for it.",
    )
    feed_push_followers: int = Field(
        100_000,
        ge=0,
        description="Followers up to which a post is written into each follower's feed; beyond, readers merge it in. "
        "Comments, reactions and follows are merged in beyond GROUNDWORK_FEED_ROWS_PER_STEP. Too low: slower "
        "reads. Too high: a post of a star writes that many rows.",
    )
    digest_mails_per_day: int = Field(
        4,
        ge=1,
        description="Mails about reactions, comments and followers that a member gets in a day of theirs at most; more "
        "wait for the next. Too high: people turn them off.",
    )
    push_pause_failures: int = Field(
        20,
        ge=1,
        description="Failed tries in a row after which an endpoint for pushes is paused, if they also span "
        "GROUNDWORK_PUSH_PAUSE_HOURS. Too low: a short outage pauses it. Too high: pushes wait for a dead one.",
    )
    push_pause_hours: float = Field(
        5.0,
        ge=0,
        description="Hours for which an endpoint has to fail before it is paused. More than 6: pushes become dead "
        "letters before that.",
    )
    push_private_addresses: bool = Field(
        False,
        description="Whether endpoints may be http:// and at private addresses, for development; production mode "
        "refuses them all the same. Risk: whoever sets an endpoint reaches what this machine reaches.",
    )
    wearable_token_keys: SecretStr | None = Field(
        None,
        description="Keys that seal members' tokens of providers, and the signing secrets of endpoints for pushes, "
        "each 32 bytes in base64, comma-separated while they are rotated: the first seals, all open. The same for all "
        "workers. Default: one that development mode keeps in the home; in production mode nobody can be connected. "
        "Without an old one, what it sealed is lost: the members have to connect anew, endpoints to be set anew.",
    )
    oura_client_id: str | None = Field(None, description="Of the application at Oura. Default: no Oura.")
    oura_client_secret: SecretStr | None = Field(
        None,
        description="Of the application at Oura: signs its webhooks too, so a wrong one refuses all of them. "
        "Comma-separated while it is rotated: the first is sent, all verify.",
    )
    oura_verification_token: SecretStr | None = Field(
        None, description="What Oura says when a subscription is made; a text of your own. Default: none is made."
    )
    oura_url: str = Field("https://api.ouraring.com", description="Oura's API.")
    whoop_client_id: str | None = Field(None, description="Of the application at WHOOP. Default: no WHOOP.")
    whoop_client_secret: SecretStr | None = Field(
        None, description="Of the application at WHOOP, as GROUNDWORK_OURA_CLIENT_SECRET."
    )
    whoop_url: str = Field("https://api.prod.whoop.com", description="WHOOP's API.")
    garmin_hook_secret: SecretStr | None = Field(
        None,
        description="Last part of the path that Garmin pushes to, 32 characters at least; comma-separated while it is "
        "rotated. Garmin signs nothing: whoever knows it can write readings of connected members. Default: no Garmin.",
    )
    garmin_addresses: str = Field(
        "",
        description="Networks that Garmin may push from, comma-separated, such as 203.0.113.0/24. The gateway sees the "
        "address of what connects: behind a proxy that is the proxy's, and the list belongs there. Default: any.",
    )
    apple_max_bytes: int = Field(
        8 * 1024**3, ge=1024, description="Largest Apple Health export after unpacking, in bytes; larger is refused."
    )
    apple_max_ratio: int = Field(
        200, ge=2, description="Largest unpacked ÷ packed size of an Apple Health export; more is taken for a zip bomb."
    )
    apple_max_entries: int = Field(
        20_000, ge=1, description="Most files of an Apple Health export: each workout route is one. Too high: memory."
    )
    readings_chunk_rows: int = Field(
        100_000,
        ge=100,
        description="Rows of a file of readings per chunk, which is one step and one transaction. Too low: per-step "
        "cost (about 30 ms) dominates. Too high: memory, and a longer transaction to repeat after a crash.",
    )
    readings_max_bytes: int = Field(
        5 * 1024**3, ge=1024, description="Largest file of readings, in bytes as stored; larger is refused."
    )


@process_cache
def fitness_settings() -> FitnessSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(FitnessSettings)
