"""A project that is there already, and what a job in it may be called."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from groundwork.blocks.applications import VARIABLE, applications
from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.deployments.scaffold.job import NewJob, known_event_type, new_event_type
from groundwork.deployments.scaffold.names import event_name, job_name
from groundwork.deployments.wiring.project import FILE, deployments_of, named_folder, nearest_folder


@dataclass(frozen=True)
class ProjectFolder:
    """A project.

    Attributes:
        folder: with its ``prefect.yaml``.
        package: import name; the folder ``flows`` is ``<package>.flows``.
    """

    folder: Path
    package: str


@dataclass(frozen=True)
class JobToWrite:
    """A job, and where it goes."""

    folder: Path
    job: NewJob


def project_at(folder: Path | None) -> ProjectFolder:
    """The project in a folder, or the nearest one from here upwards.

    Raises:
        ConfigurationError: there is none, or its package is not installed where this runs.
    """
    place = nearest_folder() if folder is None else named_folder(folder)
    for application in applications():
        package, _, room = (application.jobs or "").rpartition(".")
        if room == "flows" and (place / "flows") in _places_of(f"{package}.flows"):
            return ProjectFolder(place, package)
    raise ConfigurationError(
        f"{place / 'flows'} is no application that is installed here, so that its events and jobs are not known. In "
        f"{place}, `make test` installs it; then say `.venv/bin/groundwork new job …` there. {VARIABLE}, if it is set, "
        "has to name it."
    )


def job_of(project: ProjectFolder, name: str, on: str) -> JobToWrite:
    """A job that may be written into a project.

    Raises:
        ConfigurationError: a name may not be used, or is taken.
    """
    name, event = job_name(name), event_name(on)
    from groundwork.events.catalogue import event_type
    from groundwork.flows.registry import jobs

    if (other := jobs().get(name)) is not None:
        raise ConfigurationError(f"NAME: there is a job {name} already: {other.entrypoint}. Choose another name.")
    if name in {each.name for each in deployments_of([project.folder])}:
        raise ConfigurationError(
            f"NAME: {project.folder / FILE} has a deployment {name} already. Choose another name, or remove it there."
        )
    try:
        listens_to = known_event_type(event, event_type(on))
    except UnknownName:
        listens_to = new_event_type(project.package, event)
    return JobToWrite(project.folder, NewJob(project.package, name, listens_to))


def _places_of(package: str) -> set[Path]:
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return set()
    return {Path(each).resolve() for each in (found.submodule_search_locations if found else None) or ()}
