"""Presigned URLs: downloaded over plain HTTP, and checked as S3 checks them.

moto serves a presigned URL whatever its signature and age, so what S3 would say is worked out here, from the
specification of signature version 4 and not with botocore: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing, ConfigurationError
from tests.integration.blocks.conftest import REGION, S3Server

SECRET = "something"
WEEK = timedelta(days=7)


@pytest.fixture
def store(s3: S3Server) -> BlobStore:
    store = s3.store("some/prefix")
    with store.write("exports/1 ü.csv", "text/csv") as writer:
        writer.write(b"email\nann@example.com\n")
    return store


def link(store: BlobStore, filename: str = "contacts.csv", expires_in: timedelta = WEEK) -> str:
    return store.download_url("exports/1 ü.csv", filename=filename, expires_in=expires_in)


def fields(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def s3_would_serve(url: str, at: datetime) -> bool:
    """Whether S3 takes the signature, and the time is not over."""
    parts, query = urlsplit(url), fields(url)
    signature = query.pop("X-Amz-Signature")
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-SignedHeaders"] == "host"
    canonical_query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items())
    )
    request = ["GET", parts.path, canonical_query, f"host:{parts.netloc}\n", "host", "UNSIGNED-PAYLOAD"]
    scope = query["X-Amz-Credential"].split("/", 1)[1]
    hashed = hashlib.sha256("\n".join(request).encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, hashed])
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest() == signature and at < signed_at + timedelta(
        seconds=int(query["X-Amz-Expires"])
    )


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("contacts.csv", 'attachment; filename="contacts.csv"'),
        ("Käse 7%.csv", "attachment; filename=\"K_se 7_.csv\"; filename*=UTF-8''K%C3%A4se%207%25.csv"),
    ],
)
def test_a_link_downloads_over_plain_http_under_the_file_name(store, filename, disposition):
    response = httpx.get(link(store, filename))
    assert response.content == b"email\nann@example.com\n"
    assert response.headers["Content-Disposition"] == disposition
    assert response.headers["Content-Type"] == "text/csv"


def test_a_link_may_give_another_content_type(store):
    url = store.download_url(
        "exports/1 ü.csv", filename="a.bin", expires_in=WEEK, content_type="application/octet-stream"
    )
    assert httpx.get(url).headers["Content-Type"] == "application/octet-stream"


def test_a_link_is_signed_by_version_4_and_leads_to_the_configured_endpoint(store, s3):
    url = link(store)
    assert url.startswith(f"{s3.endpoint}/{s3.bucket}/some/prefix/exports/")
    assert fields(url)["X-Amz-Credential"].split("/")[2:] == [REGION, "s3", "aws4_request"]


@pytest.mark.parametrize("seconds", [1, 3600, WEEK.total_seconds()])
def test_s3_would_serve_a_link_until_it_expires(store, seconds):
    url = link(store, expires_in=timedelta(seconds=seconds))
    signed_at = datetime.strptime(fields(url)["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert s3_would_serve(url, signed_at)
    assert s3_would_serve(url, signed_at + timedelta(seconds=seconds - 1))
    assert not s3_would_serve(url, signed_at + timedelta(seconds=seconds))


def test_s3_would_refuse_a_link_that_was_tampered_with(store):
    url, now = link(store, expires_in=timedelta(hours=1)), datetime.now(UTC)
    assert s3_would_serve(url, now)
    for before, after in (
        ("exports/1", "exports/2"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=604800"),
        ("contacts.csv", "contacts.exe"),
        ("someone", "another"),
    ):
        assert before in url
        assert not s3_would_serve(url.replace(before, after), now)


def test_a_link_to_a_missing_blob_is_not_made(store):
    with pytest.raises(BlobMissing, match="'nothing' in"):
        store.download_url("nothing", filename="a.csv", expires_in=WEEK)


def test_a_link_cannot_live_longer_than_s3_allows(store):
    with pytest.raises(ConfigurationError, match=r"7 days, 0:00:01: S3 allows 7 days\. Set a shorter time"):
        link(store, expires_in=WEEK + timedelta(seconds=1))


class _BucketInParis(BaseHTTPRequestHandler):
    """Refuses what is signed for another region, and names its own."""

    def do_HEAD(self) -> None:
        at_home = "/eu-west-3/s3/" in self.headers["Authorization"]
        self.send_response(200 if at_home else 400)
        self.send_header("x-amz-bucket-region", "eu-west-3")
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def bucket_in_paris() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _BucketInParis)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_link_is_signed_for_the_region_of_the_bucket_where_another_one_is_configured(bucket_in_paris):
    store = S3Server(bucket_in_paris, "bucket").store()
    url = store.download_url("key", filename="a.csv", expires_in=WEEK)
    assert fields(url)["X-Amz-Credential"].split("/")[2] == "eu-west-3"
    assert s3_would_serve(url, datetime.now(UTC))
