"""The senders' keys as a block document in a real Prefect server."""

import httpx
import pytest
from prefect.client.orchestration import get_client
from pydantic import SecretStr

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.blocks.prefect_profile import refresh_prefect
from groundwork.deployments.gateway import app as app_module
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.key_watch import KeyWatch
from tests.integration.gateway.conftest import SECRET, serving
from tests.waiting import wait_until


def test_saved_keys_are_loaded_again_and_hidden_from_whoever_may_not_see_secrets(prefect_api) -> None:
    entry = IngestKey(
        name="app", key=SecretStr("key-in-prefect"), events=["import/*"], signing_secrets=[SecretStr(SECRET)]
    )
    document = IngestKeys(entries=[entry]).save("ingest-keys", overwrite=True)
    with get_client(sync_client=True) as prefect:
        try:
            shown = prefect.read_block_document_by_name(
                "ingest-keys", IngestKeys.get_block_type_slug(), include_secrets=False
            )
            assert shown.data == {"entries": "********"}
            assert IngestKeys.configured().entries == [entry]
        finally:
            prefect.delete_block_document(document)


def saved(*names: str) -> IngestKeys:
    keys = IngestKeys(entries=[IngestKey(name=name, key=SecretStr(f"key-of-{name}")) for name in names])
    keys.save("ingest-keys", overwrite=True)
    return IngestKeys.configured()


def test_a_key_that_is_taken_back_opens_nothing_and_a_new_one_does_without_a_restart(
    prefect_api, db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "KeyWatch", lambda keys, use: KeyWatch(keys, use, seconds=0.1))
    # Its thread sees what the process's environment says, and not the settings of this one.
    monkeypatch.setenv("PREFECT_API_URL", prefect_api["PREFECT_API_URL"])
    refresh_prefect()
    saved("old", "other")

    def status(url: str, name: str) -> int:
        return httpx.get(f"{url}/catalogue", headers={"Authorization": f"Bearer key-of-{name}"}).status_code

    try:
        with serving(create_app()) as url:
            assert [status(url, name) for name in ("old", "other", "new")] == [200, 200, 401]
            saved("new", "other")
            wait_until(lambda: status(url, "old") == 401, 20, "the key to be good no more")
            assert [status(url, name) for name in ("other", "new")] == [200, 200]
    finally:
        delete_document()
        monkeypatch.undo()
        refresh_prefect()


def delete_document() -> None:
    with get_client(sync_client=True) as prefect:
        slug = IngestKeys.get_block_type_slug()
        prefect.delete_block_document(prefect.read_block_document_by_name("ingest-keys", slug).id)


def test_keys_that_are_gone_or_cannot_be_leave_those_before_in_use(prefect_api) -> None:
    used: list[IngestKeys] = []
    watch = KeyWatch(saved("app"), used.append)
    try:
        IngestKeys(entries=[IngestKey(name=name, key=SecretStr("one for both")) for name in ("a", "b")]).save(
            "ingest-keys", overwrite=True
        )
        with pytest.raises(ConfigurationError, match="share one key"):
            watch.look()
    finally:
        delete_document()
    with pytest.raises(ConfigurationError, match="is gone from Prefect"):
        watch.look()
    assert used == []


def test_where_nobody_has_ever_set_keys_there_is_nothing_to_tell(prefect_api) -> None:
    KeyWatch(IngestKeys(), lambda _: pytest.fail("there are no others")).look()
