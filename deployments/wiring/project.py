"""The project: the folders whose ``prefect.yaml`` tell the wiring of the applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groundwork import flows
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.settings import settings

FILE = "prefect.yaml"


@dataclass(frozen=True)
class Deployment:
    """A block of ``prefect.yaml``, as far as jobs care.

    Attributes:
        file: the ``prefect.yaml``.
        entrypoint: ``module.function``, or ``path:function`` as Prefect has it as well.
        jobs: those that its triggers ask for.
        work_pool: whose workers run it; None where the block names none.
    """

    file: Path
    name: str
    entrypoint: str
    jobs: frozenset[str]
    work_pool: str | None = None


def project_folders() -> list[Path]:
    """Where the wiring is: what ``--project`` or ``GROUNDWORK_PROJECT`` names, else the nearest folder with a
    ``prefect.yaml`` from this one upwards, else the checkout that Groundwork was installed from.

    Raises:
        ConfigurationError: there is none.
    """
    named = [Path(each.strip()) for each in settings().project.split(",") if each.strip()]
    if named:
        return [named_folder(each) for each in named]
    checkout = Path(flows.__file__ or "").resolve().parent.parent
    return [nearest_folder(otherwise=checkout)]


def named_folder(folder: Path) -> Path:
    """A folder that somebody names as a project.

    Raises:
        ConfigurationError: it has no ``prefect.yaml``.
    """
    if not (folder / FILE).is_file():
        raise ConfigurationError(
            f"--project {folder}: there is no {FILE} in it. `groundwork new project {folder}` makes a project."
        )
    return folder.resolve()


def nearest_folder(otherwise: Path | None = None) -> Path:
    """The nearest folder with a ``prefect.yaml`` from this one upwards.

    Args:
        otherwise: the folder to take where there is none, if it has one.

    Raises:
        ConfigurationError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, *([otherwise] if otherwise else [])):
        if (folder / FILE).is_file():
            return folder.resolve()
    raise ConfigurationError(
        f"There is no {FILE} in {here} or above it. Go to your project's folder, name it with --project, or make one: "
        "groundwork new project DIR"
    )


def deployments_of(folders: Sequence[Path]) -> list[Deployment]:
    """The deployments that projects have.

    Raises:
        ConfigurationError: a ``prefect.yaml`` is not YAML, or has no list of deployments.
    """
    return [each for folder in folders for each in _read(folder / FILE)]


def bound_to_machine(folders: Sequence[Path]) -> list[Path]:
    """The files that do not say how a run gets its code: Prefect writes their folder, as this machine has it, into
    their deployments.

    Raises:
        ConfigurationError: a ``prefect.yaml`` is not YAML.
    """
    found = []
    for file in (folder / FILE for folder in folders):
        wiring = _parsed(file)
        blocks = wiring.get("deployments") if isinstance(wiring, dict) else None
        said = isinstance(wiring, dict) and wiring.get("pull") is not None
        if not said and any(isinstance(each, dict) and each.get("pull") is None for each in blocks or []):
            found.append(file)
    return found


def _parsed(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not YAML: {error}") from None


def _read(file: Path) -> list[Deployment]:
    wiring = _parsed(file)
    blocks = wiring.get("deployments") if isinstance(wiring, dict) else None
    if not isinstance(blocks, list) or not all(isinstance(each, dict) and each.get("name") for each in blocks):
        raise ConfigurationError(f"{file}: `deployments` is a list of blocks, each with a `name`")
    return [
        Deployment(
            file, str(each["name"]), str(each.get("entrypoint") or ""), frozenset(_asked_for(each)), _pool_of(each)
        )
        for each in blocks
    ]


def _pool_of(block: dict[str, Any]) -> str | None:
    named = block.get("work_pool")
    return str(named["name"]) if isinstance(named, dict) and named.get("name") else None


def _asked_for(block: dict[str, Any]) -> list[str]:
    matches = [each.get("match") for each in block.get("triggers") or [] if isinstance(each, dict)]
    found = [each.get("groundwork.job") for each in matches if isinstance(each, dict)]
    return [name for each in found for name in (each if isinstance(each, list) else [each]) if isinstance(name, str)]
