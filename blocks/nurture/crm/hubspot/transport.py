"""Requests to HubSpot: paths, tokens, and what its refusals mean."""

import json
import logging
from dataclasses import dataclass
from typing import Any

import urllib3
from hubspot import HubSpot
from hubspot.crm.contacts.exceptions import ApiException

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.crm.credentials import Credential, Token, ask_for_token, credential_of, current_token
from groundwork.blocks.nurture.crm.errors import CrmLocked, CrmRefused, CrmUnavailable
from groundwork.blocks.nurture.crm.settings import crm_settings

# At DEBUG it logs whole bodies, which are people's data.
logging.getLogger("hubspot.crm.contacts.rest").setLevel(logging.INFO)

VERSION = "2026-03"
"""Of HubSpot's API. A new one comes each March and September, and is supported for 18 months."""
CONTACTS = f"/crm/objects/{VERSION}/contacts"
PROPERTIES = f"/crm/properties/{VERSION}/contacts"
WITH_COMPANIES = f"/crm/associations/{VERSION}/contacts/companies/batch/associate/default"
TOKEN = "/oauth/v1/token"  # noqa: S105 - a path

_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
"""Seconds to wait where a 429 says none, by its policy. A day ends at midnight of the portal's zone, which nobody tells
us: an hour is asked for again and again."""


LONGEST_REASON = 500
"""Characters of HubSpot's words in an outcome."""
_FOR_NOW = (408, 423)
"""Refusals that say nothing about the request: too slow, and locked since others write."""


class HubSpotRefused(CrmRefused):
    """HubSpot refuses a request (4xx): at least one of its inputs is at fault, or all. The message has its reason.

    Attributes:
        status: of HTTP.
        body: its error; every field of it is optional.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('category', '')}: {body.get('message', '')}"[:LONGEST_REASON])
        self.status, self.body = status, body


class Transport:
    """Requests to one portal.

    The client's own ``api_request`` knows no timeout, and opens a connection for each request; so requests go by the
    part of the client below it, which has both.

    Args:
        account: such as ``hubspot:62515``.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._client: Any = None
        self._token: str | None = None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request.

        Returns:
            The answer's JSON, of 200, 201 and 207 alike; an empty dictionary where there is none.

        Raises:
            HubSpotRefused: 4xx; for a single input, HubSpot's word on it.
            RetryAfter: 429.
            CrmLocked: 401, or 403.
            CrmUnavailable: 5xx, or no answer. What was to be written may have been.
            ConfigurationError: there is no credential.
        """
        token = current_token(self._account, self._renewed)
        if self._client is None or token != self._token:
            # retry=False: one policy of retries rules, the step's.
            client = HubSpot(access_token=token, retry=False)
            self._client = client.crm.contacts.batch_api.api_client
            self._client.configuration.host, self._token = crm_settings().hubspot_url, token
        try:
            response = self._client.call_api(
                path,
                method,
                body=body,
                header_params={"Accept": "application/json"},
                auth_settings=["oauth2"],
                _preload_content=False,
                _request_timeout=crm_settings().crm_timeout_seconds,
            )
            return _json(response.data)
        except ApiException as error:
            raise _meant(error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise CrmUnavailable(f"HubSpot: {type(error).__name__}") from None
        except (AttributeError, UnicodeDecodeError):
            # The client takes every error for one with a text in UTF-8, that of TLS too.
            raise CrmUnavailable("HubSpot: no answer that can be read") from None

    def option(self, name: str) -> Any:
        """A setting of the account that stands with its credential, such as ``company_id``."""
        return (credential_of(self._account) or {}).get(name)

    def _renewed(self, credential: Credential) -> Token:
        refresh, now = credential.get("refresh_token"), crm_settings()
        if not refresh:
            raise ConfigurationError(
                f"there is no credential of {self._account}. Give its private app's token, or a refresh token: "
                f"groundwork nurture connect {self._account}"
            )
        if now.hubspot_client_id is None or now.hubspot_client_secret is None:
            raise ConfigurationError(
                "GROUNDWORK_HUBSPOT_CLIENT_ID and GROUNDWORK_HUBSPOT_CLIENT_SECRET are not set: a refresh token is of "
                "no use without its app's"
            )
        form = {
            "grant_type": "refresh_token",
            "refresh_token": str(refresh),
            "client_id": now.hubspot_client_id,
            "client_secret": now.hubspot_client_secret.get_secret_value().partition(",")[0].strip(),
        }
        return ask_for_token(now.hubspot_url + TOKEN, form)


def _meant(error: ApiException) -> Exception:
    """What HubSpot's refusal is to us."""
    body = _json(error.body)
    body = body if isinstance(body, dict) else {}
    if error.status in (429, 477):  # 477: the portal is being moved
        said = f"HubSpot: too many requests ({body.get('policyName') or body.get('errorType') or '429'})"
        waits = RetryAfter.of(_Headers(dict(error.headers or {})), said)
        return waits if waits.seconds else RetryAfter(said, _WAITS.get(str(body.get("policyName")), 10.0))
    if error.status in (401, 403):
        return CrmLocked(f"HubSpot answers {error.status} ({body.get('category', 'no reason')}). {_CURE}")
    if 400 <= (error.status or 0) < 500 and error.status not in _FOR_NOW:
        return HubSpotRefused(error.status, body)
    return CrmUnavailable(f"HubSpot answered {error.status or 'nothing'}")


_CURE = "Look at the app's scopes, or connect the account again: groundwork nurture connect"


@dataclass
class _Headers:
    headers: dict[str, str]


def _json(data: bytes | str | None) -> Any:
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return {}
