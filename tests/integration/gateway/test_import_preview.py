"""POST /contacts/imports/preview: how an upload would be read, for the sender that may import it."""

from collections.abc import Iterator

import httpx
import pytest

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, ingest_keys, serving

PATH = "/contacts/imports/preview"
ASKED = {"workspaceId": "acme", "importId": "7", "blobPath": "imports/7/upload.csv"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway whose store has one upload."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GROUNDWORK_STORAGE_URL", tmp_path_factory.mktemp("blobs").as_uri())
        forget()
        blob_store().write_path("imports/7/upload.csv", b"Title\n\nE-Mail;Stadt\nada@example.com;Ulm\n")
        blob_store().write_path("imports/7/upload.png", b"\x89PNG\r\n\x1a\n")
        with serving(create_app(ingest_keys())) as url:
            yield url
    forget()


def post(door: str, asked: dict[str, object], key: str = OPEN_KEY) -> httpx.Response:
    return httpx.post(door + PATH, json=asked, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def test_it_tells_how_the_upload_would_be_read(door: str) -> None:
    answer = post(door, ASKED)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["delimiter"], found["headerLine"], found["encodingConfidence"]) == (";", 3, 1.0)
    assert [each["field"] for each in found["columns"]] == ["email", "city"]


def test_it_obeys_what_was_chosen(door: str) -> None:
    answer = post(door, ASKED | {"options": {"columns": {"Stadt": "custom.Home"}}})
    assert answer.json()["columns"][1]["field"] == "custom.Home"


@pytest.mark.parametrize(
    ("changes", "key", "status", "message"),
    [
        ({}, "nobody", 401, "Authorization"),
        ({"workspaceId": "globex"}, RESTRICTED_KEY, 403, "may not import"),
        ({"blobPath": "imports/8/upload.csv"}, OPEN_KEY, 422, "another workspace"),
        ({"blobPath": "imports/7/nothing.csv"}, OPEN_KEY, 404, "nothing.csv"),
        ({"blobPath": "imports/7/upload.png"}, OPEN_KEY, 422, "a PNG image"),
        ({"options": {"columns": {"Stadt": "town"}}}, OPEN_KEY, 422, "not as it should be"),
        ({"options": {"columns": {"Strasse": "city"}}}, OPEN_KEY, 422, "no column 'Strasse'"),
    ],
)
def test_it_refuses(door: str, changes: dict[str, object], key: str, status: int, message: str) -> None:
    answer = post(door, ASKED | changes, key)
    assert answer.status_code == status
    assert message in answer.json()["error"]
