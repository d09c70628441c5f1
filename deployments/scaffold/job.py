"""A new job: its flow, its step, its test, its deployment, and the event type that it listens to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from groundwork.deployments.scaffold import files
from groundwork.deployments.scaffold.names import EventName
from groundwork.deployments.scaffold.sample_event import sample_event
from groundwork.deployments.scaffold.wiring import Wiring, add_block
from groundwork.deployments.wiring.deployment_block import deployment_block
from groundwork.events.base import Event


@dataclass(frozen=True)
class EventType:
    """What the job listens to.

    Attributes:
        module, type: where the class is.
        sample: data of one event in its wire form; None where none could be made.
        arguments: the same as the arguments of the class; empty where none could be made.
        identifiers: the types that the arguments name.
        is_new: the class is written with the job.
    """

    name: EventName
    module: str
    type: str
    sample: dict[str, Any] | None
    arguments: str
    identifiers: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True)
class NewJob:
    """A job that is to be written.

    Attributes:
        package: import name of the project.
        name: of the job.
        is_example: its step does something that can be shown; otherwise it is a place for what a person writes.
    """

    package: str
    name: str
    on: EventType
    is_example: bool = False

    @property
    def function(self) -> str:
        """Name of its flow function and of its modules."""
        return self.name.replace("-", "_")

    @property
    def step(self) -> str:
        """Name of its step's function."""
        return "confirmation_number" if self.is_example else f"{self.function}_step"

    @property
    def result(self) -> str:
        """What it returns for the sample."""
        return "4611DEC3" if self.is_example else f"{self.name}: acme"

    @property
    def block(self) -> str:
        """Its deployment in ``prefect.yaml``."""
        entrypoint = f"{self.package}.flows.{self.function}.{self.function}"
        return deployment_block(self.name, entrypoint=entrypoint, event_name=self.on.name.text)

    @property
    def send_command(self) -> str:
        """What a person types to see it run."""
        data = json.dumps(self.on.sample) if self.on.sample else "{…}"
        return f"groundwork send {self.on.name.text} '{data}' --wait"

    @property
    def contents(self) -> dict[str, str]:
        """Its files by path, events first."""
        values = {"job": self, "event": self.on, "package": self.package}
        found = {f"events/{self.on.name.module}.py": "job/event.py"} if self.on.is_new else {}
        found |= {
            f"tasks/{self.function}.py": "job/task.py",
            f"flows/{self.function}.py": "job/flow.py",
            f"tests/test_{self.function}.py": "job/test.py",
        }
        return {path: files.rendered(template, values) for path, template in found.items()}


def new_event_type(package: str, name: EventName) -> EventType:
    """An event type that a project does not have yet."""
    field = f"{name.noun}_id"
    return EventType(
        name=name,
        module=f"{package}.events.{name.module}",
        type=name.type,
        sample={"workspaceId": "acme", to_camel(field): "1001"},
        arguments=f'workspace_id=WorkspaceId("acme"), {field}="1001"',
        identifiers=("WorkspaceId",),
        is_new=True,
    )


def known_event_type(name: EventName, on: type[Event]) -> EventType:
    """An event type that is in the catalogue."""
    sample = sample_event(on) or {}
    fields = {
        field: sample[alias] for field, each in on.model_fields.items() if (alias := each.alias or field) in sample
    }
    wrapped = {"workspace_id": "WorkspaceId", "user_id": "UserId"}
    arguments = [
        f"{field}={wrapped[field]}({json.dumps(value)})" if field in wrapped else f"{field}={value!r}"
        for field, value in fields.items()
    ]
    return EventType(
        name=name,
        module=on.__module__,
        type=on.__name__,
        sample=sample or None,
        arguments=", ".join(arguments),
        identifiers=tuple(sorted(wrapped[field] for field in fields if field in wrapped)),
        is_new=False,
    )


def write_job(folder: Path, job: NewJob) -> Wiring:
    """Write a job into a project's folder.

    Raises:
        ConfigurationError: one of its files is there; nothing was written.
        OSError: a file cannot be written; nothing is left of it.
    """
    contents = job.contents
    files.write_all(folder, contents)
    try:
        return add_block(folder / "prefect.yaml", job.block)
    except BaseException:
        for path in contents:
            (folder / path).unlink(missing_ok=True)
        raise
