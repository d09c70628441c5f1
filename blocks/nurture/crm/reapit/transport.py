"""Requests to Reapit Foundations: token, customer, version, pace, and what its refusals mean."""

from collections.abc import Mapping
from typing import Any

import httpx

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.crm.credentials import Credential, Token, ask_for_token, credential_of, current_token
from groundwork.blocks.nurture.crm.errors import CrmLocked, CrmRefused, CrmUnavailable
from groundwork.blocks.nurture.crm.pace import wait_for_turn
from groundwork.blocks.nurture.crm.settings import crm_settings

VERSION = "2020-01-31"
"""Of the API, which each request has to name."""
APP = "reapit"
"""Name of our app's token, and of its limit of requests: both are of the app, whoever the customer is."""
_WAIT = 1.0
"""Seconds to wait where a 429 says none; Reapit's limit is one per second."""
_LONGEST_REASON = 500
_CURE = "Look whether the customer has installed the app, and at its rights."


class ReapitRefused(CrmRefused):
    """Reapit refuses a request (4xx). The message has its reason.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}"[:_LONGEST_REASON])
        self.status = status


class Transport:
    """Requests about one customer.

    Args:
        account: such as ``reapit:SBOX``.
        customer: its code.
    """

    def __init__(self, account: str, customer: str) -> None:
        self._account = account
        self._customer = customer
        self._http: httpx.Client | None = None

    def close(self) -> None:
        """Close what connections there are; the next request opens another."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def call(self, method: str, path: str, *, etag: str | None = None, **options: Any) -> httpx.Response:
        """Send a request.

        Args:
            etag: of what is changed; it is refused with 412 where somebody else has changed it since.
            options: of httpx: ``json``, ``params``.

        Raises:
            ReapitRefused: 4xx, 404 and 412 among them.
            RetryAfter: 429.
            CrmLocked: 401, or 403.
            CrmUnavailable: 5xx, or no answer. What was to be written may have been.
            ConfigurationError: the app's id or secret is not set.
        """
        headers = {
            "Authorization": f"Bearer {current_token(APP, _renewed)}",
            "reapit-customer": self._customer,
            "api-version": VERSION,
        } | ({} if etag is None else {"If-Match": etag})
        wait_for_turn(APP, crm_settings().reapit_requests_per_second)
        if self._http is None:
            self._http = httpx.Client(timeout=crm_settings().crm_timeout_seconds, follow_redirects=False)
        try:
            response = self._http.request(method, crm_settings().reapit_url + path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise CrmUnavailable(f"Reapit: {type(error).__name__}") from None
        if response.is_success:
            return response
        if response.status_code == 429:
            waits = RetryAfter.of(response, "Reapit: too many requests")
            raise waits if waits.seconds else RetryAfter(str(waits), _WAIT)
        if response.status_code in (401, 403):
            raise CrmLocked(f"Reapit answers {response.status_code} for customer {self._customer}. {_CURE}")
        if response.is_client_error and response.status_code != 408:
            raise ReapitRefused(response.status_code, _reason(response))
        raise CrmUnavailable(f"Reapit answered {response.status_code}")

    def json(self, response: httpx.Response) -> Mapping[str, Any]:
        """An answer's JSON object.

        Raises:
            CrmUnavailable: it is none.
        """
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CrmUnavailable("Reapit answered with no JSON object")
        return answer

    def option(self, name: str) -> str | None:
        """A setting of the account that is kept with its credential, such as ``office_id``."""
        found = (credential_of(self._account) or {}).get(name)
        return None if found is None else str(found)


def _renewed(_credential: Credential) -> Token:
    now = crm_settings()
    if now.reapit_client_id is None or now.reapit_client_secret is None:
        raise ConfigurationError(
            "GROUNDWORK_REAPIT_CLIENT_ID and GROUNDWORK_REAPIT_CLIENT_SECRET are not set: they are of the app in "
            "Reapit's developer portal"
        )
    form = {"grant_type": "client_credentials", "client_id": now.reapit_client_id}
    auth = (now.reapit_client_id, now.reapit_client_secret.get_secret_value())
    return ask_for_token(f"{now.reapit_connect_url}/token", form, auth=auth)


def _reason(response: httpx.Response) -> str:
    """Reapit's words, with the fields that it names."""
    try:
        body = response.json()
        errors = "; ".join(f"{each.get('field')}: {each.get('message')}" for each in body.get("errors") or ())
        return errors or str(body.get("description") or body.get("message") or "")
    except (ValueError, AttributeError):
        return ""
