"""Download links of a folder store: made by a job, opened by whoever has them."""

import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from groundwork.blocks.blob.link import DownloadLink
from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import BlobMissing, ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.blocks.signed_link import signed_url
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import OLD_SECRET, OPEN_KEY, SECRET, ingest_keys, serving

KEY = "exports/1.csv"
LINK_SECRET = "a secret of links: thirty-two and more"
OLD_LINK_SECRET = "the secret of links that was before it"
CONTENT = b"email\n" + b"ann@example.com\n" * 100_000
DAY = timedelta(days=1)
UNKNOWN = {"error": "There is no such download.", "details": []}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway whose store is a folder with one blob, and which its links lead to."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GROUNDWORK_STORAGE_URL", tmp_path_factory.mktemp("blobs").as_uri())
        environment.setenv("GROUNDWORK_LINK_SECRET", LINK_SECRET)
        environment.setenv("GROUNDWORK_SIGNING_SECRET", SECRET)
        forget()
        with serving(create_app(ingest_keys())) as url:
            environment.setenv("GROUNDWORK_PUBLIC_URL", f"{url}/")
            forget()
            blob_store().write_path(KEY, CONTENT)
            yield url
    forget()


@pytest.fixture
def environment(door: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment, as it was again after the test."""
    with monkeypatch.context() as patch:
        yield patch
    forget()


def link(filename: str = "contacts.csv", content_type: str | None = None) -> str:
    return blob_store().download_url(KEY, filename=filename, expires_in=DAY, content_type=content_type)


def expired_link() -> str:
    return DownloadLink(KEY, "contacts.csv", "text/csv", expires_at=1_700_000_000).url()


def test_a_link_downloads_the_blob_without_a_key(door: str) -> None:
    response = httpx.get(link())
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["Content-Disposition"] == 'attachment; filename="contacts.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_link_is_an_address_of_the_public_url_and_of_this_machine_without_one(
    door: str, environment: pytest.MonkeyPatch
) -> None:
    assert link().startswith(f"{door}/downloads/")
    for public, expected in (
        ("https://jobs.example/groundwork", "https://jobs.example/groundwork/downloads/"),
        ("", "http://127.0.0.1:8700/downloads/"),
    ):
        environment.setenv("GROUNDWORK_PUBLIC_URL", public)
        forget()
        assert link().startswith(expected)


@pytest.mark.parametrize("url", ["jobs.example", "ftp://jobs.example", "https://jobs.example/?x=1", "https://"])
def test_a_public_url_that_is_none_is_refused(door: str, environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("GROUNDWORK_PUBLIC_URL", url)
    forget()
    with pytest.raises(ConfigurationError, match="GROUNDWORK_PUBLIC_URL"):
        settings()


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("a b.csv", 'attachment; filename="a b.csv"'),
        ('"quoted".csv', "attachment; filename=\"_quoted_.csv\"; filename*=UTF-8''%22quoted%22.csv"),
        ("Käse 7%.csv", "attachment; filename=\"K_se 7_.csv\"; filename*=UTF-8''K%C3%A4se%207%25.csv"),
        ("الملف 📎.csv", "attachment; filename=\"_____ _.csv\"; filename*=UTF-8''"
         "%D8%A7%D9%84%D9%85%D9%84%D9%81%20%F0%9F%93%8E.csv"),
    ],
)  # fmt: skip
def test_the_file_name_survives_in_every_browser(door: str, filename: str, disposition: str) -> None:
    assert httpx.get(link(filename)).headers["Content-Disposition"] == disposition


@pytest.mark.parametrize("filename", ["", "x" * 256, "../passwd", "a\\b.csv", "a\r\nSet-Cookie: x=1", "a\0b"])
def test_a_file_name_that_could_forge_a_header_or_a_path_is_refused(door: str, filename: str) -> None:
    with pytest.raises(ValueError, match="file name"):
        link(filename)


def test_the_content_type_is_that_of_the_link_else_of_the_ending(door: str) -> None:
    assert httpx.get(link("contacts.bin", "application/x-own")).headers["Content-Type"] == "application/x-own"
    assert httpx.get(link("contacts.json")).headers["Content-Type"] == "application/json"
    assert httpx.get(link("contacts")).headers["Content-Type"] == "application/octet-stream"


def test_a_download_that_broke_off_goes_on_by_range(door: str) -> None:
    whole = httpx.get(link())
    rest = httpx.get(link(), headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]})
    assert rest.status_code == 206
    assert rest.content == CONTENT[1000:]
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}"


def test_head_tells_the_size_without_the_content(door: str) -> None:
    response = httpx.head(link())
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(CONTENT)))


def test_an_expired_link_is_gone_and_says_so(door: str) -> None:
    response = httpx.get(expired_link())
    assert response.status_code == 410
    assert response.json()["error"] == "This link has expired. Ask for a new one where you got it."
    assert response.headers["Cache-Control"] == "private, no-store"


def test_what_was_not_signed_here_is_unknown_whatever_is_wrong_with_it(
    door: str, environment: pytest.MonkeyPatch
) -> None:
    base, _, token = link().rpartition("/")
    payload, _, signature = token.partition(".")
    other_payload = expired_link().rpartition("/")[2].partition(".")[0]
    flipped = "B" if signature[-1] == "A" else "A"
    forged = [
        payload,
        f"{payload}.",
        f".{signature}",
        f"{payload}.{signature[:-1]}{flipped}",
        f"{payload}.{signature}=",
        f"{payload}A.{signature}",
        f"{other_payload}.{signature}",
        signed_url("unsubscribe", '["exports/1.csv","a.csv","text/csv",9999999999]').rpartition("/")[2],
        "nonsense",
        "%00",
        "%C3%A4.%F0%9F%93%8E",
    ]
    forged.append("A" * 20_000)
    for other in (OLD_LINK_SECRET, SECRET, OPEN_KEY):
        environment.setenv("GROUNDWORK_SIGNING_SECRET", OLD_SECRET)
        environment.setenv("GROUNDWORK_LINK_SECRET", other.ljust(32, "."))
        forget()
        forged.append(link().rpartition("/")[2])
    environment.setenv("GROUNDWORK_SIGNING_SECRET", SECRET)
    environment.setenv("GROUNDWORK_LINK_SECRET", LINK_SECRET)
    forget()
    for token in forged:
        response = httpx.get(f"{base}/{token}")
        assert (response.status_code, response.json()) == (404, UNKNOWN), token


def test_a_blob_that_was_deleted_is_unknown_and_gets_no_new_link(door: str) -> None:
    blob_store().write_path("short-lived", b"x")
    url = blob_store().download_url("short-lived", filename="a", expires_in=DAY)
    blob_store().delete("short-lived")
    assert (httpx.get(url).status_code, httpx.get(url).json()) == (404, UNKNOWN)
    with pytest.raises(BlobMissing):
        blob_store().download_url("short-lived", filename="a", expires_in=DAY)


@pytest.mark.parametrize("days", [7.1, 31 * 365, 10**12])
def test_a_link_with_a_time_that_none_can_have_is_unknown(door: str, days: float) -> None:
    url = DownloadLink(KEY, "contacts.csv", "text/csv", expires_at=int(time.time() + days * 86_400)).url()
    assert (httpx.get(url).status_code, httpx.get(url).json()) == (404, UNKNOWN)


@pytest.mark.parametrize(
    "payload",
    ["1", "{}", "[]", '["exports/1.csv"]', '["exports/1.csv","a","text/csv","soon"]', '["exports/1.csv",1,"a/b",1]',
     '["../x","a.csv","text/csv",EXPIRES]', '["exports/1.csv/","a.csv","text/csv",EXPIRES]'],
)  # fmt: skip
def test_a_link_of_ours_that_says_nothing_sensible_is_unknown(door: str, payload: str) -> None:
    url = signed_url("downloads", payload.replace("EXPIRES", str(int(time.time()) + 60)))
    assert (httpx.get(url).status_code, httpx.get(url).json()) == (404, UNKNOWN)


@pytest.mark.parametrize("content_type", ["", "text", "text/csv\r\nSet-Cookie: x=1", "a/b; c", "ä/ö", "a/" + "b" * 200])
def test_a_content_type_that_could_forge_a_header_is_refused(door: str, content_type: str) -> None:
    with pytest.raises(ValueError, match="content type"):
        link(content_type=content_type)


def test_links_outlive_the_rotation_of_the_secret(door: str, environment: pytest.MonkeyPatch) -> None:
    before = link()
    environment.setenv("GROUNDWORK_LINK_SECRET", f"{OLD_LINK_SECRET}, {LINK_SECRET}")
    forget()
    assert link() != before
    assert httpx.get(before).status_code == httpx.get(link()).status_code == 200


@pytest.mark.parametrize("path", ["downloads/x.y", "downloads/TOKEN", "unsubscribe/x.y", "unsubscribe/TOKEN"])
@pytest.mark.parametrize("secret", ["", "short"])
def test_production_without_a_secret_of_links_knows_no_link(
    door: str, environment: pytest.MonkeyPatch, path: str, secret: str
) -> None:
    token = link().rpartition("/")[2]
    environment.setenv("GROUNDWORK_MODE", "production")
    environment.setenv("GROUNDWORK_LINK_SECRET", secret)
    forget()
    assert httpx.get(f"{door}/{path.replace('TOKEN', token)}").status_code == 404
    with pytest.raises(ConfigurationError, match="GROUNDWORK_LINK_SECRET"):
        link()


def test_a_store_that_is_no_folder_has_no_downloads_here(door: str, environment: pytest.MonkeyPatch) -> None:
    url = link()
    environment.setenv("GROUNDWORK_STORAGE_URL", "s3://bucket")
    environment.setenv("AWS_ACCESS_KEY_ID", "someone")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "something")
    forget()
    assert (httpx.get(url).status_code, httpx.get(url).json()) == (404, UNKNOWN)


@pytest.mark.parametrize("days", [7.001, 365])
def test_a_link_cannot_live_longer_than_one_to_s3_could(door: str, days: float) -> None:
    with pytest.raises(ConfigurationError, match=r"S3 allows 7 days\. Set a shorter time"):
        blob_store().download_url(KEY, filename="a.csv", expires_in=timedelta(days=days))


@pytest.mark.parametrize("seconds", [-1, 0, 0.5])
def test_a_link_that_would_never_be_good_is_refused(door: str, seconds: float) -> None:
    with pytest.raises(ValueError, match="give a second at least"):
        blob_store().download_url(KEY, filename="a.csv", expires_in=timedelta(seconds=seconds))


def test_another_method_is_refused(door: str) -> None:
    assert httpx.post(link()).status_code == 405
