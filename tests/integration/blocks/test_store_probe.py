"""The probe of a blob store: what it finds and says, in time, and that it leaves nothing behind."""

import json
import time
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from groundwork.blocks.blob.probe import Check, probe, refuse_unfit_store
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.conftest import S3Server
from tests.integration.blocks.mail_server import self_signed_certificate
from tests.integration.blocks.old_s3 import OldS3, old_s3
from tests.integration.blocks.second_s3 import SERVERS, SecondS3, second_s3

WRITE, RANGE, LIST = "write a blob and read it back", "read a range", "list by prefix"
CHANGE, ABORT = "notice a blob that is written again", "find and abort an unfinished upload"
LINK, DELETE = "download by a link", "delete a blob"


@pytest.fixture
def old(fresh_configuration) -> Iterator[OldS3]:
    with old_s3() as server:
        yield server


@pytest.fixture
def store(old: OldS3) -> BlobStore:
    return S3Server(old.url, old.bucket).store("prefix")


@pytest.fixture(scope="module", params=SERVERS)
def second(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondS3]:
    with second_s3(request.param, tmp_path_factory.mktemp(request.param) / "buckets") as server:
        yield server


def problems(store: BlobStore, **options: float) -> dict[str, str]:
    return {check.name: check.problem for check in probe(store, **options) if check.problem}


def refused(store: BlobStore) -> str:
    with pytest.raises(ConfigurationError) as caught:
        refuse_unfit_store(store)
    return str(caught.value)


def is_said_at_once(cure: str, store: BlobStore) -> bool:
    """Whether the first check fails with the cure, and so does a start."""
    (said,) = problems(store).values()
    return cure in said and cure in refused(store)


def is_empty(store: BlobStore) -> bool:
    return list(store.list()) == [] and store.pending_uploads() == []


def test_a_store_that_has_all_has_no_problem_and_keeps_nothing(s3, store, old, tmp_path):
    for each in (s3.store("some/prefix"), store, BlobStore(storage_url=tmp_path.as_uri())):
        checks = list(probe(each))
        assert [check.name for check in checks][:4] == [WRITE, RANGE, LIST, CHANGE]
        assert [check for check in checks if check.problem] == []
        assert is_empty(each)
    refuse_unfit_store(store)
    assert (old.objects, old.uploads) == ({}, {})


def test_servers_of_other_makers_have_all_that_jobs_need(second, caplog):
    store = second.with_bucket().store()
    refuse_unfit_store(store)
    assert set(problems(store)) <= {LINK}
    assert is_empty(store)
    assert "leaves blobs" not in caplog.text


def test_a_start_writes_little_and_asks_for_little(store, old):
    sizes = []
    old.etag = lambda content: sizes.append(len(content)) or f"{hash(content)}"
    refuse_unfit_store(store)
    assert max(sizes) <= 1024
    assert sum(old.requests.values()) <= 20
    assert "POST" not in old.requests


def test_a_missing_bucket_is_named(second):
    store = SecondS3(second.endpoint, "no-such-bucket").store()
    cure = "'no-such-bucket' of GROUNDWORK_STORAGE_URL does not exist; create it or correct the URL"
    assert is_said_at_once(cure, store)


def test_a_wrong_secret_or_an_unknown_id_is_told(second):
    for fields in ({"secret_access_key": "wrong"}, {"access_key_id": "nobody"}):
        assert is_said_at_once("Check the credentials", second.store(**fields))


def test_a_wrong_region_is_told_or_does_no_harm(second):
    store = second.with_bucket().store(region="eu-west-3")
    assert all("region" in said or name == LINK for name, said in problems(store).items())


def test_a_key_that_may_only_read_is_refused_with_its_cure(store, old):
    old.refuses = {"PUT", "POST", "DELETE"}
    assert is_said_at_once("Check the credentials and the bucket's policy", store)


def test_a_key_that_may_not_delete_is_refused_and_what_is_left_is_told(store, old, caplog):
    old.refuses = {"DELETE"}
    found = problems(store)
    assert DELETE in found
    left = [message for message in caplog.messages if "a probe leaves blobs in" in message]
    assert len(left) == 1
    folder = next(iter(old.objects)).rsplit("/", 1)[0]
    assert folder in left[0]


def test_a_clock_that_is_wrong_is_told(tmp_path, fresh_configuration):
    with second_s3("late nanio", tmp_path / "buckets") as late:
        assert is_said_at_once("Set the one that is wrong (NTP)", late.store())


def test_a_server_that_keeps_a_frame_as_content_is_refused_with_the_setting(tmp_path, monkeypatch, fresh_configuration):
    certificate = self_signed_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("GROUNDWORK_S3_CHECKSUMS", "always")
    with old_s3(certificate) as old:
        store = S3Server(old.url, old.bucket).store("prefix")
        assert is_said_at_once("with GROUNDWORK_S3_CHECKSUMS=always, try required", store)
        assert (old.objects, old.uploads) == ({}, {})


@pytest.mark.parametrize("etag", [lambda content: "the same", lambda content: f"{len(content)}"])
def test_etags_that_do_not_follow_the_content_are_refused(store, old, etag):
    old.etag = etag
    assert "its etag stays the same" in problems(store)[CHANGE]
    assert "its etag stays the same" in refused(store)
    assert is_empty(store)


def test_other_etags_than_md5_are_no_problem(store, old):
    old.etag = lambda content: f"{hash(content)}"
    assert problems(store) == {}


def test_a_server_without_a_list_of_uploads_serves_and_nothing_of_the_probe_is_left(store, old):
    old.lists_uploads = False
    assert "Let the store end them by a rule of its own" in problems(store)[ABORT]
    refuse_unfit_store(store)
    assert (old.objects, old.uploads) == ({}, {})


def test_a_server_that_ignores_ranges_is_refused(store, old):
    old.knows_ranges = False
    assert "Jobs read in parts" in problems(store)[RANGE]
    assert "Jobs read in parts" in refused(store)
    assert is_empty(store)


def test_the_bucket_in_the_wrong_place_is_told_of_with_the_setting(store, old, monkeypatch, fresh_configuration):
    old.virtual = True
    assert "stands in the path, by GROUNDWORK_S3_ADDRESSING" in refused(store)
    old.virtual = False
    monkeypatch.setenv("GROUNDWORK_S3_ADDRESSING", "virtual")
    forget()
    other = S3Server("http://s3.invalid", old.bucket).store()
    (said,) = problems(other).values()
    assert "has to resolve; else set GROUNDWORK_S3_ADDRESSING=path" in said


def test_the_bucket_in_the_host_name_passes_where_it_is_so(old, monkeypatch):
    """A proxy gets the whole URL, whose host needs no name server."""
    monkeypatch.setenv("HTTP_PROXY", old.url)
    monkeypatch.setenv("GROUNDWORK_S3_ADDRESSING", "virtual")
    old.virtual = True
    assert problems(S3Server("http://s3.example", old.bucket).store()) == {}


def test_a_store_that_hangs_is_told_of_in_time_and_keeps_no_start_from_going_on(store, old, caplog):
    old.hangs = 3600
    began = time.monotonic()
    refuse_unfit_store(store, patience=1)
    assert time.monotonic() - began < 8
    assert "no answer for 1 s. Check the endpoint" in caplog.text


def test_a_slow_store_passes(store, old):
    old.hangs = 0.2
    assert problems(store) == {}


def test_a_store_that_hangs_in_the_middle_ends_the_probe(store, old):
    checks: list[Check] = []
    for check in probe(store, patience=2):
        checks.append(check)
        if check.name == LIST:
            old.hangs = 3600
    assert [check.name for check in checks] == [WRITE, RANGE, LIST, CHANGE]
    assert not checks[-1].answered


def test_a_store_that_is_away_is_a_warning_at_a_start(caplog):
    store = S3Server("http://127.0.0.1:9", "bucket").store()
    refuse_unfit_store(store)
    assert "Could not connect" in caplog.text
    assert "Check GROUNDWORK_STORAGE_URL, the endpoint, and the network in between" in caplog.text


def test_an_endpoint_that_is_no_s3_server_is_told(store, old, caplog):
    old.refusal = (200, "<html>")
    assert len(problems(store)) == 1


def test_a_probe_that_is_broken_off_deletes_its_blobs(store, old):
    checks = probe(store)
    next(checks)
    assert old.objects
    with pytest.raises(KeyboardInterrupt):
        checks.throw(KeyboardInterrupt)
    assert old.objects == {}


def test_what_a_killed_probe_left_is_deleted_by_a_later_one_but_not_what_is_at_work(store, old):
    old.objects = {"prefix/store-probe/1000000000-abc/small": b"", f"prefix/store-probe/{time.time():.0f}-d/small": b""}
    kept = [*list(old.objects)[1:], "prefix/store-probe/notes.txt"]
    old.objects["prefix/store-probe/notes.txt"] = b"of a person"
    assert problems(store) == {}
    assert sorted(old.objects) == sorted(kept)


def test_the_command_says_each_check_and_its_exit_code_whether_jobs_can_work(old, monkeypatch, own_home):
    from groundwork.deployments.cli import program

    variables = {
        "GROUNDWORK_STORAGE_URL": f"s3://{old.bucket}/prefix",
        "AWS_ENDPOINT_URL_S3": old.url,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    old.lists_uploads = False
    result = CliRunner().invoke(program(), ["store", "check"])
    assert result.exit_code == 0, result.output
    assert f"  ok     {WRITE}" in result.output
    assert f"  lacks  {ABORT}: " in result.output
    old.refusal = (403, "AccessDenied")
    result = CliRunner().invoke(program(), ["store", "check", "--json"])
    assert result.exit_code == 1
    (check,) = json.loads(result.output)
    assert (check["name"], check["needed"]) == (WRITE, True)
