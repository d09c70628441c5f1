"""POST /contacts/imports/preview: how an upload would be read, for the sender that may import it."""

from collections.abc import Iterator

import httpx
import pytest

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from groundwork.tasks.contacts.imports.record import create_import
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, ingest_keys, serving

PATH = "/contacts/imports/preview"
ASKED = {"workspaceId": "acme", "importId": "7", "blobPath": "imports/7/upload.csv"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, postgres: object) -> Iterator[str]:
    """A gateway whose store has uploads."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GROUNDWORK_STORAGE_URL", tmp_path_factory.mktemp("blobs").as_uri())
        forget()
        blob_store().write_path("imports/7/upload.csv", b"Title\n\nE-Mail;Stadt\nada@example.com;Ulm\n")
        blob_store().write_path("imports/7/upload.png", b"\x89PNG\r\n\x1a\n")
        blob_store().write_path("imports/8/upload.csv", b"E-Mail\nsecret@example.com\n")
        blob_store().write_path("workspaces/acme/upload.csv", b"E-Mail\nada@example.com\n")
        with serving(create_app(ingest_keys())) as url:
            yield url
    forget()


@pytest.fixture(autouse=True)
def imports(db: Database) -> None:
    """An import of acme, and one of another workspace."""
    with db.transaction() as connection:
        for import_id, workspace in (("7", "acme"), ("8", "initech")):
            create_import(
                connection,
                import_id=import_id,
                workspace_id=workspace,
                user_id="ada",
                filename="upload.csv",
                blob_path=f"imports/{import_id}/upload.csv",
            )


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


def test_an_upload_in_the_workspaces_own_place_needs_no_record(door: str) -> None:
    answer = post(door, ASKED | {"importId": "9", "blobPath": "workspaces/acme/upload.csv"}, RESTRICTED_KEY)
    assert answer.json()["columns"][0]["field"] == "email"


@pytest.mark.parametrize(
    ("changes", "key", "status", "message"),
    [
        ({}, "nobody", 401, "Authorization"),
        ({"workspaceId": "globex"}, RESTRICTED_KEY, 403, "may not import"),
        ({"blobPath": "imports/8/upload.csv"}, OPEN_KEY, 422, "another workspace"),
        ({"importId": "8", "blobPath": "imports/8/upload.csv"}, RESTRICTED_KEY, 422, "acme has no import 8"),
        ({"importId": "9", "blobPath": "imports/9/upload.csv"}, OPEN_KEY, 422, "acme has no import 9"),
        ({"options": {"encoding": "undefined"}}, OPEN_KEY, 422, "no encoding 'undefined'"),
        ({"options": {"columns": {"x" * 1001: "city"}}}, OPEN_KEY, 422, "not as it should be"),
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
