"""Whether a Prefect server has what this version of the project deploys. A start then need not deploy it again."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import yaml
from prefect.client.schemas.objects import WorkPool
from prefect.events.actions import RunDeployment
from pydantic import BaseModel, ValidationError

from groundwork.blocks.applications import applications
from groundwork.blocks.configured import FORMER_DOCUMENT, ConfiguredBlock
from groundwork.blocks.prefect_client import pages, prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.wiring.documents import blocks
from groundwork.deployments.wiring.project import FILE, deployments_of

_ROOMS = ("blocks", "deployments", "events", "flows", "notifications", "tasks")
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


def fingerprint(project: Sequence[Path], code: Mapping[str, Sequence[Path]] | None = None) -> str | None:
    """A digest of all that decides what a deploy does; None where something outside of the project takes part.

    Args:
        project: folders with a ``prefect.yaml`` each.
        code: the packages that entrypoints may name, each with its folders. Default: Groundwork's, and those of the
            applications.
    """
    code = code_of_jobs() if code is None else code
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for folder in project:
        wiring = (folder / FILE).read_bytes()
        if _depends_on_something_outside(wiring, code.keys()):
            return None
        digest.update(wiring)
    for package, folders in sorted(code.items()):
        for folder in folders:
            for file in sorted(folder.rglob("*.py")):
                digest.update(f"\n{package} {file.relative_to(folder)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def code_of_jobs() -> dict[str, Sequence[Path]]:
    """What decides what a deploy does: the code of Groundwork, and of applications the flows, events and blocks.

    A package within another one of them is part of that one.
    """
    packages = {f"groundwork.{room}" for room in _ROOMS}
    for application in applications():
        packages |= {each for each in (application.jobs, application.events) if each}
        packages |= {reference.partition(":")[0].rpartition(".")[0] for reference in application.blocks} - {""}
    outermost = {each for each in packages if not any(each.startswith(f"{other}.") for other in packages)}
    found = {name: find_spec(name) for name in outermost}
    return {
        name: [Path(each) for each in spec.submodule_search_locations or ()]
        for name, spec in found.items()
        if spec is not None
    }


def _depends_on_something_outside(wiring: bytes, packages: Iterable[str]) -> bool:
    given = yaml.safe_load(wiring) or {}
    deployments = given.get("deployments") or []
    steps = any(each.get(step) for each in (given, *deployments) for step in ("build", "push", "pull"))
    known = tuple(f"{package}." for package in packages)
    return (
        _FROM_ELSEWHERE.search(wiring.decode()) is not None
        or steps
        or not all(str(each.get("entrypoint")).startswith(known) for each in deployments)
    )


def remember(file: Path, project: Sequence[Path]) -> None:
    """Note in a file what the server has after a deploy."""
    file.unlink(missing_ok=True)
    digest = fingerprint(project)
    if digest is not None:
        pool, deployments, _ = _on_server()
        names = {each.name for each in deployments_of(project)}
        ours = {id: count for id, (name, count) in deployments.items() if name in names}
        if pool is not None and len(ours) == len(names):
            file.write_text(Applied(fingerprint=digest, pool=pool, deployments=ours).model_dump_json())


def is_applied(file: Path, project: Sequence[Path]) -> bool:
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
    documented = [block for block in blocks() if issubclass(block, ConfiguredBlock)]
    return (
        pool == noted.pool
        and all(id in deployments and deployments[id][1] >= count for id, count in noted.deployments.items())
        and all((block.get_block_type_slug(), block.document) in documents for block in documented)
        and not any((block.get_block_type_slug(), FORMER_DOCUMENT) in documents for block in documented)
    )


def _on_server() -> tuple[UUID | None, dict[UUID, tuple[str, int]], set[tuple[str, str]]]:
    """The work pool; the deployments that belong to a pool, each with its name and how many automations start it; the
    block documents, each by type and name."""
    with prefect_client(LONGEST_PAUSE) as client:
        pools: list[WorkPool] = [each for each in client.read_work_pools() if each.name == WORK_POOL]
        found = {
            each.id: each.name
            for each in pages(lambda **page: client.read_deployments(**page))
            if each.work_pool_name is not None
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
