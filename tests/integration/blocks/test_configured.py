"""Where a block's configuration comes from, with a real Prefect server."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
from prefect import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.configured import FORMER_DOCUMENT, ConfiguredBlock
from groundwork.blocks.database_block import DatabaseBlock
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mailer import Mailer
from groundwork.deployments.worker.configuration import configured_blocks
from tests.integration.prefect_proxy import Answer, Fault, always, prefect_proxy

BLOCKS = [
    (DatabaseBlock, "GROUNDWORK_DATABASE_URL", "connection_url", "postgresql://db.example/{}"),
    (BlobStore, "GROUNDWORK_STORAGE_URL", "storage_url", "s3://{}"),
    (Mailer, "GROUNDWORK_SMTP_URL", "smtp_url", "smtp://{}.example"),
]


@pytest.fixture(params=["named for its purpose", "not moved yet"])
def document(prefect_api, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each block type has a document that says ``document``."""
    _delete_documents()
    for block, _, field, url in BLOCKS:
        block(**{field: url.format("document")}).save(
            FORMER_DOCUMENT if request.param == "not moved yet" else block.document
        )
    yield
    _delete_documents()


def _delete_documents() -> None:
    """Those that a deploy of other tests has left on the server, too."""
    with get_client(sync_client=True) as client:
        for block, *_ in BLOCKS:
            for name in (FORMER_DOCUMENT, block.document):
                with suppress(ObjectNotFound):
                    found = client.read_block_document_by_name(name, block.get_block_type_slug())
                    client.delete_block_document(found.id)


def configured_url(block: type[ConfiguredBlock], field: str) -> str | None:
    value = getattr(block.configured(), field)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def test_a_worker_tells_its_runs_of_the_documents_so_that_they_need_not_ask(
    document, fresh_configuration, monkeypatch: pytest.MonkeyPatch
):
    for _, variable, _, _ in BLOCKS:
        monkeypatch.delenv(variable, raising=False)
    assert configured_blocks() == {
        "GROUNDWORK_DATABASE_URL": "postgresql+psycopg://db.example/document",
        "GROUNDWORK_STORAGE_URL": "s3://document",
    }


@pytest.mark.parametrize(("block", "variable", "field", "url"), BLOCKS)
class TestPrecedence:
    def test_without_environment_and_document_the_default_is_embedded(
        self, prefect_api, fresh_configuration, monkeypatch, block, variable, field, url
    ):
        monkeypatch.delenv(variable, raising=False)
        assert PREFECT_API_URL.value()
        assert configured_url(block, field) is None

    def test_the_document_counts_where_the_environment_is_silent(
        self, document, fresh_configuration, monkeypatch, block, variable, field, url
    ):
        monkeypatch.delenv(variable, raising=False)
        assert configured_url(block, field) == url.format("document")

    def test_the_environment_wins_over_the_document(
        self, document, fresh_configuration, monkeypatch, block, variable, field, url
    ):
        monkeypatch.setenv(variable, url.format("environment"))
        assert configured_url(block, field) == url.format("environment")


@contextmanager
def prefect_failing(fault: Fault) -> Iterator[None]:
    """This process asks a Prefect that answers so."""
    with (
        prefect_proxy(PREFECT_API_URL.value()) as proxy,
        temporary_settings({PREFECT_API_URL: proxy.environment["PREFECT_API_URL"]}),
        proxy.failing(fault),
    ):
        yield


@pytest.mark.parametrize("status", [408, 429, 502, 503])
@pytest.mark.parametrize(
    "headers", [{"Retry-After": "86400"}, {"Prefect-Maintenance": "true"}], ids=["day", "maintenance"]
)
def test_a_prefect_that_wants_to_be_left_alone_for_a_day_keeps_nobody_waiting(document, status: int, headers):
    with prefect_failing(always(Answer(status, headers=headers))), pytest.raises(httpx.HTTPStatusError):
        Mailer.saved()


def test_one_that_wants_a_moment_is_asked_again(document):
    busy = iter([Answer(503, headers={"Retry-After": "0"})])
    with prefect_failing(lambda *_: next(busy, None)):
        assert Mailer.saved() is not None


def test_a_document_that_says_what_cannot_be_names_its_field_and_shows_no_value(document):
    with get_client(sync_client=True) as client:
        [found] = [each for each in client.read_block_documents() if "smtp_url" in each.data]
        edited = BlockDocumentUpdate(block_schema_id=found.block_schema_id, data={"smtp_url": ["geheim"]})
        client.update_block_document(found.id, edited)
    with pytest.raises(
        ConfigurationError, match=f"(?s)groundwork-mailer/{found.name} in Prefect .*\n  smtp_url: "
    ) as refused:
        Mailer.saved()
    assert "geheim" not in str(refused.value)
