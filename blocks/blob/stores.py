"""Which blob stores there are: each is found by its URL's scheme, ours and those that installed packages bring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import unquote, urlsplit

from groundwork.blocks.blob.blob import Blobs
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache

GROUP = "groundwork.blob_stores"
"""Group of the entry points by which an installed package brings a blob store: scheme = ``module:function``."""

URLS = "give file:///folder or s3://bucket/prefix"
"""What our own stores take."""


@dataclass(frozen=True, kw_only=True)
class StoreAddress:
    """Where blobs are kept, as the block says it.

    Attributes:
        url: such as ``s3://bucket/prefix``.
        endpoint_url, region, access_key_id, secret_access_key: for S3 alone; other stores take what they need from the
            URL and from variables of their own.
    """

    url: str
    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None

    @property
    def scheme(self) -> str:
        """Lower case; empty where the URL has none."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """What stands between ``//`` and the path, such as a bucket; may be empty."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """The path as plain text."""
        return unquote(urlsplit(self.url).path)

    def refused(self, cure: str) -> ConfigurationError:
        """The error of an address that a store cannot use. It shows no password of the URL.

        Args:
            cure: what to give instead.
        """
        parts = urlsplit(self.url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        return ConfigurationError(f"GROUNDWORK_STORAGE_URL {shown!r}: {cure}")


BlobStoreFactory = Callable[[StoreAddress], Blobs]
"""Makes a store of its address. It raises ``address.refused(…)`` where the URL is none of its kind."""

BLOB_STORES: Mapping[str, str] = {
    "file": "groundwork.blocks.blob.folder:folder_at",
    "s3": "groundwork.blocks.blob.s3.blobs:S3Blobs",
}
"""Our own, by scheme; each is imported by the process that uses it."""


def blobs_at(address: StoreAddress) -> Blobs:
    """The store of an address.

    Raises:
        ConfigurationError: there is none of its scheme, it cannot be imported, or it refuses the address.
    """
    stores = registered_stores()
    where = stores.get(address.scheme)
    if where is None:
        raise address.refused(
            f"{URLS}. There is no blob store for this scheme; there are {', '.join(sorted(stores))}. "
            f"A package brings one by the entry point {GROUP}."
        )
    return _imported(where)(address)


@process_cache
def registered_stores() -> dict[str, str]:
    """Where each store is, by scheme."""
    found = dict(BLOB_STORES)
    for point in entry_points(group=GROUP):
        # One that is installed twice on the path is found twice.
        if found.setdefault(point.name, point.value) != point.value:
            raise ConfigurationError(
                f"two blob stores have the scheme {point.name}: {found[point.name]} and {point.value}; "
                "rename one in its pyproject.toml"
            )
    return found


@process_cache
def _imported(where: str) -> BlobStoreFactory:
    try:
        factory: BlobStoreFactory = EntryPoint(name="", value=where, group=GROUP).load()
    except Exception as error:
        raise ConfigurationError(
            f"the blob store {where} cannot be loaded: {type(error).__name__}: {error}. Install its package anew, or "
            "correct its entry point."
        ) from error
    return factory
