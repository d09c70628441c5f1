"""A server that is older, or odder, than AWS: what is not right never passes for right."""

import threading
from collections.abc import Iterator

import pytest

from groundwork.blocks.blob.s3.client import S3Clients
from groundwork.blocks.blob.s3.stream import PART_BYTES
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.blob.stores import StoreAddress
from groundwork.blocks.errors import BlobChanged, BlobDamaged, BlobRefused, ConfigurationError, UploadLost
from tests.integration.blocks.conftest import S3Server
from tests.integration.blocks.mail_server import self_signed_certificate
from tests.integration.blocks.old_s3 import OldS3, old_s3


@pytest.fixture
def old() -> Iterator[OldS3]:
    with old_s3() as server:
        yield server


@pytest.fixture
def store(old: OldS3, fresh_configuration) -> BlobStore:
    return S3Server(old.url, old.bucket).store("prefix")


@pytest.fixture
def over_tls(tmp_path, monkeypatch, fresh_configuration) -> Iterator[OldS3]:
    """The server over TLS, where clients send ``aws-chunked``."""
    certificate = self_signed_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with old_s3(certificate) as server:
        yield server


@pytest.mark.parametrize("size", [0, 7, PART_BYTES + 7])
def test_what_is_written_reads_back(store, old, size):
    store.write_path("key", b"x" * size)
    assert old.objects == {"prefix/key": b"x" * size}
    assert store.read_path("key") == b"x" * size


@pytest.mark.parametrize("size", [7, PART_BYTES + 7])
@pytest.mark.parametrize("chosen", ["detect", "required"])
def test_a_server_that_takes_a_frame_for_content_gets_none(over_tls, monkeypatch, size, chosen):
    monkeypatch.setenv("GROUNDWORK_S3_CHECKSUMS", chosen)
    store = S3Server(over_tls.url, over_tls.bucket).store("prefix")
    store.write_path("key", b"x" * size)
    assert over_tls.objects == {"prefix/key": b"x" * size}


@pytest.mark.parametrize("size", [7, PART_BYTES + 7])
def test_a_frame_that_is_kept_as_content_is_no_success_and_does_not_stay(over_tls, monkeypatch, size):
    monkeypatch.setenv("GROUNDWORK_S3_CHECKSUMS", "always")
    store = S3Server(over_tls.url, over_tls.bucket).store("prefix")
    with pytest.raises(BlobDamaged, match=r"key has [\d,]+ bytes in the store, and [\d,]+ were sent"):
        store.write_path("key", b"x" * size)
    upload_id = store.begin_upload("key")
    etag = store.upload_part("key", upload_id, 1, b"x" * size)
    with pytest.raises(BlobDamaged):
        store.complete_upload("key", upload_id, [etag], size=size)
    assert over_tls.objects == {}


def test_two_writers_of_one_key_are_not_taken_for_a_store_that_damages(store, old):
    """The second one's blob is there when the first one compares."""
    contents = [bytes([n]) * (PART_BYTES + n) for n in (1, 2, 3)]
    errors: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(4):
                store.write_path("key", content)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.read_path("key") in contents


@pytest.mark.parametrize("size", [1000, 2 * PART_BYTES + 1000])
@pytest.mark.parametrize("asked", [-1, 900])
def test_a_blob_that_is_written_in_its_place_under_a_reader_is_never_a_mixture(store, old, size, asked):
    store.write_path("key", b"a" * size)
    with store.open("key") as stream:
        old.amid_body = lambda: old.objects.update({"prefix/key": b"b" * size})
        with pytest.raises(BlobChanged, match="was written again while it was being read"):
            stream.read(asked)


def test_a_body_that_breaks_off_is_asked_for_again(store, old):
    store.write_path("key", b"a" * 1000)
    broken: list[str] = []

    def break_off() -> None:
        if len(broken) < 2:
            broken.append("off")
            raise BrokenPipeError

    old.amid_body = break_off
    assert store.read_path("key") == b"a" * 1000
    assert len(broken) == 2


@pytest.mark.parametrize("rest", [0, 10, PART_BYTES + 10])
def test_a_blob_that_becomes_shorter_under_a_reader_is_noticed(store, old, rest):
    old.etag = lambda content: "always the same"
    store.write_path("key", b"a" * (2 * PART_BYTES))
    with store.open("key") as stream:
        stream.read(10)
        old.objects["prefix/key"] = b"a" * rest
        with pytest.raises((BlobChanged, BlobRefused)):
            stream.read()


def test_a_blob_that_is_deleted_once_it_was_read_has_been_read(store, old):
    store.write_path("key", b"content")
    with store.open("key") as stream:
        assert stream.read(3) == b"con"
        store.delete("key")
        assert stream.read() == b"tent"


def test_a_server_that_ignores_ranges_is_refused_and_does_not_give_other_bytes(store, old):
    old.knows_ranges = False
    store.write_path("key", b"0123456789" * PART_BYTES)
    with store.open("key") as stream, pytest.raises(BlobRefused, match="Jobs read in parts"):
        stream.read(10)


@pytest.mark.parametrize("etag", [lambda content: f"{len(content)}-{hash(content)}", lambda content: None])
def test_other_etags_than_md5_or_none_serve_as_well(store, old, etag):
    old.etag = etag
    for size in (7, PART_BYTES + 7):
        store.write_path("key", b"x" * size)
        assert store.read_path("key") == b"x" * size


def test_a_completion_whose_answer_was_lost_is_known_by_the_size_where_etags_tell_nothing(store, old):
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, 1, b"content")]
    old.then = (500, "InternalError")
    with pytest.raises(UploadLost):
        store.complete_upload("key", upload_id, etags, size=8)
    assert store.complete_upload("key", upload_id, etags, size=7).size == 7


@pytest.mark.parametrize("knows_tokens", [True, False])
def test_a_list_of_many_pages_is_whole_or_an_error(store, old, knows_tokens):
    old.page, old.knows_tokens = 2, knows_tokens
    for number in range(5):
        store.write_path(str(number), b"")
    if knows_tokens:
        assert list(store.list()) == ["0", "1", "2", "3", "4"]
    else:
        with pytest.raises(ConfigurationError, match="does not know ListObjectsV2"):
            list(store.list())


def test_the_bucket_in_the_host_name_reads_writes_and_links(store, old, monkeypatch):
    """A proxy gets the whole URL, whose host needs no name server."""
    monkeypatch.setenv("HTTP_PROXY", old.url)
    monkeypatch.setenv("GROUNDWORK_S3_ADDRESSING", "virtual")
    old.virtual = True
    store = S3Server("http://s3.example", old.bucket).store("prefix")
    store.write_path("key", b"content")
    assert store.read_path("key") == b"content"


def test_a_bucket_that_is_looked_for_in_the_wrong_place_is_told_of_with_the_setting(store, old):
    old.virtual = True
    with pytest.raises(ConfigurationError, match=r"stands in the path, by GROUNDWORK_S3_ADDRESSING"):
        store.stat("key")


@pytest.mark.parametrize(
    ("code", "status", "cure"),
    [
        ("RequestTimeTooSkewed", 403, r"clocks .* differ .*NTP"),
        ("InvalidAccessKeyId", 403, "does not know the access key ID"),
        ("SignatureDoesNotMatch", 403, "secret access key does not belong to the ID"),
        ("AuthorizationHeaderMalformed", 400, "set AWS_REGION"),
        ("AccessDenied", 403, "Check the credentials and the bucket's policy"),
    ],
)
def test_a_refusal_says_its_cure(store, old, code, status, cure):
    old.refusal = (status, code)
    with pytest.raises(BlobRefused, match=cure):
        store.write_path("key", b"content")


@pytest.mark.parametrize(
    ("endpoint", "is_aws"),
    [
        (None, True),
        ("https://s3.eu-west-3.amazonaws.com", True),
        ("https://amazonaws.com.example", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_aws_is_known_by_its_endpoint(monkeypatch, tmp_path, endpoint, is_aws):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    address = StoreAddress(
        url="s3://bucket", endpoint_url=endpoint, region="eu-west-3", access_key_id="a", secret_access_key="b"
    )
    assert S3Clients(address).is_aws is is_aws
