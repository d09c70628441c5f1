"""Whether a Prefect server has what this version of the project deploys, so that a start need not deploy it again."""

import hashlib
import re
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkPool
from prefect.events.actions import RunDeployment
from pydantic import BaseModel, ValidationError

from groundwork.blocks.configured import FORMER_DOCUMENT
from groundwork.deployments.documents import BLOCKS
from groundwork.deployments.relay.prefect_client import pages
from groundwork.deployments.work_pool import WORK_POOL

_PACKAGES = ("blocks", "deployments", "events", "flows", "notifications", "tasks")
_LIBRARIES = ("groundwork", "prefect", "pydantic")
"""What decides, beside the project's code, which form a deployment has."""
_FROM_ELSEWHERE = re.compile(r"\{\{(?!\s*event\.)")
"""A template of prefect.yaml that stands for something outside of it: an environment variable, a block, a step."""


class Applied(BaseModel):
    """What a deploy left on a server.

    Attributes:
        fingerprint: of what was deployed.
        pool: the work pool's id.
        deployments: by id, how many automations start each.
    """

    fingerprint: str
    pool: UUID
    deployments: dict[UUID, int]


def fingerprint(project: Path) -> str | None:
    """A digest of all that decides what a deploy does; None where something outside of the project takes part."""
    wiring = (project / "prefect.yaml").read_bytes()
    given = yaml.safe_load(wiring) or {}
    deployments = given.get("deployments") or []
    if _FROM_ELSEWHERE.search(wiring.decode()) or any(
        each.get(step) for each in (given, *deployments) for step in ("build", "push", "pull")
    ):
        return None
    if any(str(each.get("entrypoint")).partition(".")[0].partition("/")[0] not in _PACKAGES for each in deployments):
        return None
    digest = hashlib.sha256(wiring)
    for library in _LIBRARIES:
        digest.update(f"\n{library} {version(library)}".encode())
    for package in _PACKAGES:
        for file in sorted((project / package).rglob("*.py")):
            digest.update(f"\n{file.relative_to(project)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def remember(file: Path, project: Path) -> None:
    """Note in a file what the server has after a deploy."""
    file.unlink(missing_ok=True)
    digest = fingerprint(project)
    if digest is not None:
        pool, deployments, _ = _on_server()
        names = {each["name"] for each in yaml.safe_load((project / "prefect.yaml").read_bytes())["deployments"]}
        ours = {id: count for id, (name, count) in deployments.items() if name in names}
        if pool is not None and len(ours) == len(names):
            file.write_text(Applied(fingerprint=digest, pool=pool, deployments=ours).model_dump_json())


def is_applied(file: Path, project: Path) -> bool:
    """Whether the server still has what was deployed: four requests instead of some hundred.

    What a person has edited in Prefect meanwhile is left alone. What is gone, or is tied to no work pool any more, is
    missed: deployments, their automations, the work pool, block documents.
    """
    try:
        noted = Applied.model_validate_json(file.read_text())
    except (FileNotFoundError, ValidationError):
        return False
    if noted.fingerprint != fingerprint(project):
        return False
    pool, deployments, documents = _on_server()
    return (
        pool == noted.pool
        and all(id in deployments and deployments[id][1] >= count for id, count in noted.deployments.items())
        and all((block.get_block_type_slug(), block.document) in documents for block in BLOCKS)
        and not any((block.get_block_type_slug(), FORMER_DOCUMENT) in documents for block in BLOCKS)
    )


def _on_server() -> tuple[UUID | None, dict[UUID, tuple[str, int]], set[tuple[str, str]]]:
    """The work pool; the deployments that belong to it, each with its name and how many automations start it; the
    block documents, each by type and name."""
    with get_client(sync_client=True) as client:
        pools: list[WorkPool] = [each for each in client.read_work_pools() if each.name == WORK_POOL]
        found = {
            each.id: each.name
            for each in pages(lambda **page: client.read_deployments(**page))
            if each.work_pool_name == WORK_POOL
        }
        automations = list(pages(lambda **page: client.read_automations(**page)))
        documents = list(pages(lambda **page: client.read_block_documents(include_secrets=False, **page)))
    started = [
        action.deployment_id for each in automations for action in each.actions if isinstance(action, RunDeployment)
    ]
    return (
        pools[0].id if pools else None,
        {id: (name, started.count(id)) for id, name in found.items()},
        {(each.block_type.slug, each.name or "") for each in documents if each.block_type},
    )
