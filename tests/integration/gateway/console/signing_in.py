"""A person at the console, without a browser: pages, forms, and a cookie jar."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def see(self, path: str, status: int = 200) -> str:
        """A page of the console, as its text is written."""
        answer = self.client.get(f"/console/{path}")
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[-1500:]}"
        return answer.text

    def form_token(self, path: str = "events") -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.see(path))
        assert found
        return found[1]

    def fields(self, path: str, action: str) -> dict[str, str]:
        """The fields of the first form of a page that leads to a place."""
        page = self.see(path)
        [form, *_] = [each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if action in each]
        found = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
        return {name: html.unescape(value) for name, value in found}

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(f"/console/{path}", data=fields)

    def sign_in(self, key: str) -> httpx.Response:
        return self.post("sign-in", form_token=self.form_token("sign-in"), key=key)


@contextmanager
def person(url: str, key: str | None = None) -> Iterator[Person]:
    """Somebody who has signed in, where a key is given."""
    with httpx.Client(base_url=url, timeout=30) as client:
        somebody = Person(client)
        if key is not None:
            assert somebody.sign_in(key).status_code == 303
        yield somebody
