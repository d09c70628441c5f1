"""The S3 client of a store: time limits, checksums and the style of its URLs."""

import os
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from s3fs import S3FileSystem

from groundwork.blocks.blob.s3.answers import content_md5
from groundwork.blocks.blob.s3.body import session_that_takes_memory
from groundwork.blocks.blob.stores import StoreAddress
from groundwork.blocks.settings import settings

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")

CLIENT_CONFIG = {
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "connect_timeout": 5,
    "read_timeout": 60,
    "signature_version": "s3v4",  # else botocore signs links by version 2, which newer regions refuse
}
"""botocore tries each request 3 times (throttling, 5xx, broken connections), seconds for the time limits; s3fs repeats
that up to 5 times for SlowDown and answers that break off. After that the step's own retries take over."""


class S3Clients:
    """The clients of one store, one for each region that is asked for.

    Args:
        address: of the store. What it leaves out comes from the usual AWS sources.
    """

    def __init__(self, address: StoreAddress) -> None:
        self._address = address

    @cached_property
    def first(self) -> S3FileSystem:
        """The client of the configured region."""
        return self.of_region(self._address.region)

    def of_region(self, region: str | None) -> S3FileSystem:
        """A new client.

        Args:
            region: None: the one that the AWS sources say.
        """
        return self._client(region, checksums=self._sends_checksums)

    def guard(self, content: bytes | memoryview) -> dict[str, str]:
        """The argument of an upload by which the store refuses content that arrives damaged, where the client itself
        sends no checksum."""
        return {} if self._sends_checksums else {"ContentMD5": content_md5(content)}

    @property
    def place_of_bucket(self) -> str:
        """Where the bucket's name stands in URLs, for people."""
        style = settings().s3_addressing
        return "in the host name" if style == "virtual" or (style == "auto" and self.is_aws) else "in the path"

    @property
    def _sends_checksums(self) -> bool:
        """Whether uploads carry a checksum behind the content, as botocore does by default. A store that does not know
        that form (``aws-chunked``) takes its frame for content."""
        chosen = settings().s3_checksums
        return self.is_aws if chosen == "detect" else chosen == "always"

    @cached_property
    def is_aws(self) -> bool:
        """Whether the endpoint is one of AWS."""
        endpoint = self._address.endpoint_url or next(filter(None, map(os.environ.get, _ENDPOINT_VARIABLES)), None)
        if endpoint is None:
            # A profile may name one.
            client = self._client(self._address.region, checksums=False)
            client.connect()
            endpoint = client.s3.meta.endpoint_url
        return (urlsplit(endpoint).hostname or "").endswith(_AWS)

    def _client(self, region: str | None, *, checksums: bool) -> S3FileSystem:
        calculated = "when_supported" if checksums else "when_required"
        config: dict[str, Any] = {
            **CLIENT_CONFIG,
            "request_checksum_calculation": calculated,
            "response_checksum_validation": calculated,
        }
        if (style := settings().s3_addressing) != "auto":
            config["s3"] = {"addressing_style": style}
        return S3FileSystem(
            key=self._address.access_key_id,
            secret=self._address.secret_access_key,
            endpoint_url=self._address.endpoint_url,
            client_kwargs={"region_name": region} if region else None,
            config_kwargs=config,
            session=session_that_takes_memory(),
            use_listings_cache=False,
            skip_instance_cache=True,
        )
