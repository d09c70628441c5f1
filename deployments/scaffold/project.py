"""A new project: a folder with the rooms of a team's application, and a first job in it."""

from dataclasses import dataclass
from importlib.metadata import version

from groundwork.deployments.scaffold import files
from groundwork.deployments.scaffold.job import NewJob, new_event_type
from groundwork.deployments.scaffold.names import EventName
from groundwork.deployments.scaffold.wiring import with_block

ROOMS = {
    "events": "Event types: what happens.",
    "flows": "Jobs, one per file.",
    "tasks": "The steps of the jobs, and the functions they call.",
    "notifications": "Mails: a folder of `templates` for each.",
    "blocks": "What jobs talk to: services, with their credentials.",
    "deployments": "What runs beside the jobs: commands, pages.",
}
"""What is in a project's folders, in words."""
_FILES = {
    "Makefile": "project/Makefile",
    "README.md": "project/README.md",
    "pyproject.toml": "project/pyproject.toml",
    "setup.py": "project/setup.py",
    ".gitignore": "project/gitignore",
    ".github/workflows/ci.yml": "project/ci.yml",
    "flows/__init__.py": "project/application.py",
    # Neither Git nor a wheel keeps an empty folder, and mails are looked for in this one.
    "notifications/templates/README.md": "project/templates.md",
}


@dataclass(frozen=True)
class NewProject:
    """A project that is to be written.

    Attributes:
        name: import name, and name of its application.
        version: of Groundwork.
        source: where it is installed from, as arguments of pip.
    """

    name: str
    version: str
    source: str

    @property
    def prefect_version(self) -> str:
        """Of Prefect."""
        return version("prefect")

    @property
    def first_job(self) -> NewJob:
        """An example that runs."""
        on = new_event_type(self.name, EventName("order/order.placed"))
        return NewJob(self.name, "confirm-order", on, is_example=True)

    @property
    def contents(self) -> dict[str, str]:
        """Its files by path."""
        values = {"project": self, "job": self.first_job, "rooms": ROOMS}
        found = {path: files.rendered(template, values) for path, template in _FILES.items()}
        found |= {
            f"{room}/__init__.py": f'"""{words}"""\n'
            for room, words in ROOMS.items()
            if f"{room}/__init__.py" not in found
        }
        wiring = with_block(files.rendered("project/prefect.yaml", values), self.first_job.block)
        assert wiring is not None, "the template of prefect.yaml ends with its deployments"
        return found | self.first_job.contents | {"prefect.yaml": wiring}
