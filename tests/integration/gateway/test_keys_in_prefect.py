"""The senders' keys as a block document in a real Prefect server."""

from prefect.client.orchestration import get_client
from pydantic import SecretStr

from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from tests.integration.gateway.conftest import SECRET


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
