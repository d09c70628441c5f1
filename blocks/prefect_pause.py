"""For how long Prefect may ask to be left alone. Free of Prefect."""

import httpx

from groundwork.blocks.retry_after import seconds_of_headers

LONGEST_PAUSE = 10.0
"""Seconds that a Prefect which cannot answer just now may ask to be left alone, for those who do not try again by
themselves. Too short: a restart of its server is an error. Too long: nobody knows why a part does not come up."""
_RETRIED_BY_PREFECT = (408, 429, 502, 503)
_MAINTENANCE = "Prefect-Maintenance"


def asks_for_more(response: httpx.Response, longest_pause: float | None) -> bool:
    """Whether Prefect's own client would wait for longer than this before it asks again; during a maintenance it waits
    for ever.

    Args:
        longest_pause: seconds; None: any pause is too long.
    """
    if response.status_code not in _RETRIED_BY_PREFECT:
        return False
    pause = seconds_of_headers(response.headers) or 0.0
    return longest_pause is None or pause > longest_pause or _MAINTENANCE in response.headers
