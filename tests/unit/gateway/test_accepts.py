"""Who gets a page, and who JSON."""

import pytest

from groundwork.deployments.gateway.accepts import prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML ; level=1 ; q=0.9, application/json;q=0.5", True),
        ("", False),
        ("*/*", False),  # curl, httpx
        ("text/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("application/json, text/plain, */*", False),  # axios
        ("text/html;q=0.5, */*", False),
        ("text/html;q=0", False),
        ("text/html;q=much, */*;q=0", False),
        ("text/html;q=nan", False),
        ("text/html;q=-1", False),
        (",;,;q=,", False),
    ],
)
def test_who_likes_html_better_gets_it(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html
