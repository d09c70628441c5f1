"""Settings of CRMs. Where the CRM of an agency is, and how to get in, differs between agencies: see credentials."""

from pydantic import Field, SecretStr

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache

_URL = r"^https?://[^/\s?#@]+(/[^\s?#]*)?$"


class CrmSettings(EnvironmentSettings):
    """What is the same for all agencies. Read once per process through :func:`crm_settings`."""

    crm_secret: SecretStr | None = Field(
        None,
        description="Secrets of 32 characters at least that encrypt the CRM tokens of agencies, comma-separated: the "
        "first encrypts, all decrypt. The same for all workers. Default: one that development mode keeps in the home; "
        "in production mode no token is kept. Leaving an old one out loses the tokens that it encrypted.",
    )
    crm_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="Seconds that a CRM may stay silent. Too low: slow writes are repeated. Too high: a CRM that hangs "
        "holds workers.",
    )
    hubspot_client_id: str | None = Field(
        None, description="Client id of the HubSpot app, where agencies have let it in by OAuth."
    )
    hubspot_client_secret: SecretStr | None = Field(
        None,
        description="Client secrets of the HubSpot app, comma-separated while they are rotated: the first gets tokens, "
        "all verify webhooks. Default: none; webhooks of HubSpot are answered 404.",
    )
    hubspot_app_id: int | None = Field(
        None,
        description="Id of the HubSpot app. By it our own changes are told from other people's. Default: none; our own "
        "come back as events that change nothing.",
    )
    hubspot_url: str = Field("https://api.hubapi.com", pattern=_URL, description="HubSpot's API.")
    reapit_client_id: str | None = Field(None, description="Client id of the Reapit Foundations app.")
    reapit_client_secret: SecretStr | None = Field(None, description="Client secret of the Reapit Foundations app.")
    reapit_url: str = Field("https://platform.reapit.cloud", pattern=_URL, description="Reapit's platform API.")
    reapit_connect_url: str = Field(
        "https://connect.reapit.cloud", pattern=_URL, description="Reapit Connect, which gives tokens."
    )
    reapit_requests_per_second: float = Field(
        18.0,
        gt=0,
        le=20,
        description="Requests to Reapit a second of all workers together; its limit is 20 per app. Too low: pushes "
        "take long. Too high: 429 in bursts.",
    )
    reapit_webhooks: bool = Field(
        False,
        description="Whether POST /hooks/reapit is open. Its senders prove themselves by Reapit's own keys, "
        "which the gateway then fetches from GROUNDWORK_REAPIT_URL.",
    )


@process_cache
def crm_settings() -> CrmSettings:
    """The process's settings of CRMs, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(CrmSettings)
