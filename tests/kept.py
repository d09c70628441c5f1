"""What the process of the tests makes once, where each of thousands of tests would make the same again.

Nothing of it reaches the processes that tests start.
"""

import os
import ssl
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import certifi
from sqlalchemy import Engine

from groundwork.blocks.database import Database
from groundwork.blocks.settings import settings


def keep_what_is_the_same() -> None:
    """Read the bundle of authorities once, which takes each client of httpx and of Prefect 17 ms; and keep the
    connections to a database that is made anew with the same settings, as it is after each `forget()`."""
    ssl.create_default_context = _authorities_once(ssl.create_default_context)  # type: ignore[assignment]
    engine = cached_property(_engine)
    engine.__set_name__(Database, "engine")
    Database.engine = engine  # type: ignore[assignment,method-assign]


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


_make_engine: Callable[[Database], Engine] = Database.engine.func  # type: ignore[attr-defined]
_engines: dict[tuple[object, ...], Engine] = {}


def _engine(block: Database) -> Engine:
    """The engine of the first block of this process with the same settings."""
    chosen = settings()
    same = (os.getpid(), block.connection_url is None, block.url, chosen.light_places, chosen.database_pooler)
    if same not in _engines:
        _engines[same] = _make_engine(block)
    return _engines[same]
