"""A server that was deployed with the former names, and then with today's: one automation per trigger, edits kept."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation

from groundwork.blocks.configured import FORMER_DOCUMENT, ConfiguredBlock
from groundwork.blocks.prefect_client import pages
from groundwork.blocks.settings import settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.wiring.deploy import deploy_wiring
from groundwork.deployments.wiring.documents import BLOCKS
from tests.integration.stack.small_project import small_project

EDITS = {
    "groundwork-database": {"connection_url": "postgresql://edited.example/inbox"},
    "groundwork-blob-store": {"storage_url": "s3://edited"},
    "groundwork-mailer": {"smtp_url": "smtp://ada:secret@edited.example"},
    "groundwork-ingest-keys": {"entries": [{"name": "edited", "key": "a-key-that-a-person-gave"}]},
    "groundwork-console-keys": {"entries": [{"name": "edited", "key": "a-key-that-a-person-gave"}]},
}


PROJECT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project as it is."""
    return small_project(tmp_path / "now", "contacts", "operations")


@pytest.fixture
def formerly_named(project: Path, tmp_path: Path) -> Path:
    """The project as it was: automations are called `event → job`, and nothing describes them."""
    now = (project / "prefect.yaml").read_text()
    former = re.sub(r"(    name: .*) starts (.*)\n    description: .*", r"\1 → \2", now)
    assert former != now
    (tmp_path / "prefect.yaml").write_text(former)
    return tmp_path


@pytest.fixture
def client(prefect_api) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client
        for each in deployments(client):
            client.delete_deployment(each)
        client.delete_work_pool(WORK_POOL)
        # Whatever has failed: those that come later would take the documents for the settings of their server.
        ours = {block.get_block_type_slug() for block in BLOCKS}
        for each in client.read_block_documents():
            if each.block_type.slug in ours:
                client.delete_block_document(each.id)


def deployments(client: SyncPrefectClient) -> dict[UUID, str]:
    wanted = {each["name"] for each in yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]}
    return {each.id: each.name for each in client.read_deployments() if each.name in wanted}


def automations(client: SyncPrefectClient) -> list[Automation]:
    """The automations that start one of our deployments."""
    ours = deployments(client)
    return [
        each
        for each in pages(lambda **page: client.read_automations(**page))
        if {getattr(action, "deployment_id", None) for action in each.actions} & ours.keys()
    ]


def document(client: SyncPrefectClient, block: type[ConfiguredBlock], name: str):
    return client.read_block_document_by_name(name, block.get_block_type_slug())


def test_one_automation_per_trigger_and_what_a_person_edited_is_kept(
    client: SyncPrefectClient, prefect_api: dict[str, str], formerly_named: Path, project: Path
):
    deploy_wiring([formerly_named], prefect_api, settings())
    before = automations(client)
    assert "import/csv.confirmed → process-csv" in {each.name for each in before}
    for block in BLOCKS:
        client.delete_block_document(document(client, block, block.document).id)
        block(**EDITS[block.get_block_type_slug()]).save(FORMER_DOCUMENT)
    [held] = [each for each in before if each.name == "user/signed.up → send-welcome"]
    client.pause_automation(held.id)

    deploy_wiring([project], prefect_api, settings())

    after = automations(client)
    triggers = [
        (trigger["name"], trigger["description"])
        for each in yaml.safe_load((project / "prefect.yaml").read_text())["deployments"]
        for trigger in each.get("triggers", [])
    ]
    assert Counter((each.name, each.description) for each in after) == Counter(triggers)
    assert [each.name for each in after if not each.enabled] == ["user/signed.up starts send-welcome"]
    for block in BLOCKS:
        shown = document(client, block, block.document).data
        [(field, value)] = EDITS[block.get_block_type_slug()].items()
        if field == "entries":
            assert [(each["name"], each["key"]) for each in shown[field]] == [("edited", "a-key-that-a-person-gave")]
        else:
            assert shown[field] == value
        names = {
            each.name for each in client.read_block_documents() if each.block_type.slug == block.get_block_type_slug()
        }
        assert names == {block.document}
