"""What the process of the tests makes once, where each of thousands of tests would make the same again.

Nothing of it reaches the processes that tests start.
"""

import os
import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

import certifi


def keep_authorities() -> None:
    """Read the bundle of authorities once, which takes each client of httpx and of Prefect 17 ms."""
    ssl.create_default_context = _authorities_once(ssl.create_default_context)  # type: ignore[assignment]


def keep_descriptions_of_services() -> None:
    """Read botocore's descriptions of S3 once, which takes each store that is made 60 ms."""
    from botocore.loaders import JSONFileLoader

    load = JSONFileLoader.load_file
    loaded = cache(lambda path: load(JSONFileLoader(), path))
    JSONFileLoader.load_file = lambda _, path: loaded(path)


def _authorities_once(make: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
    bundles = {certifi.where(), os.environ.get("SSL_CERT_FILE")}
    of_bundle = cache(lambda file: make(cafile=file))

    def create_default_context(*purpose: Any, **given: Any) -> ssl.SSLContext:
        if not purpose and given.keys() == {"cafile"} and given["cafile"] in bundles:
            return of_bundle(given["cafile"])
        return make(*purpose, **given)

    return create_default_context
