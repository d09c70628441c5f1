"""Settings of the fitness application. What differs between gyms stands in the table ``fitness.gym``."""

from pydantic import Field, SecretStr

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache


class FitnessSettings(EnvironmentSettings):
    """Limits and keys of the fitness application. Read once per process through :func:`fitness_settings`."""

    wearable_token_keys: SecretStr | None = Field(
        None,
        description="Keys that seal members' tokens of providers, each 32 bytes in base64, comma-separated while they "
        "are rotated: the first seals, all open. The same for all workers. Default: one that development mode keeps in "
        "the home; in production mode nobody can be connected. Without an old one, what it sealed is lost: the members "
        "have to connect anew.",
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
