"""What worker and zygote say to each other: one JSON object per line over a socket pair."""

from pydantic import BaseModel

from groundwork.deployments.worker.run_context import RunContext

STANDBY = "standby"
"""Argument of a zygote that waits for a byte before it imports the jobs."""


class StartRun(BaseModel):
    """Worker to zygote: fork a process for this flow run.

    Attributes:
        context: what the worker has read of it; None: its process reads it.
        environment: the run's whole environment.
        working_dir: None: where the zygote is.
        memory_limit_mb: data segment limit in MiB; None means none.
    """

    flow_run_id: str
    context: RunContext | None = None
    environment: dict[str, str] = {}
    working_dir: str | None = None
    memory_limit_mb: int | None = None


class Started(BaseModel):
    """Zygote to worker: the process runs."""

    flow_run_id: str
    pid: int


class Ended(BaseModel):
    """Zygote to worker: a process has ended.

    Attributes:
        exit_code: as ``subprocess`` has it: negative for a signal.
    """

    pid: int
    exit_code: int


class Message(BaseModel):
    """One line."""

    start: StartRun | None = None
    started: Started | None = None
    ended: Ended | None = None
    ready: bool = False
    drain: bool = False

    def line(self) -> bytes:
        """The message as one line."""
        return self.model_dump_json(exclude_defaults=True).encode() + b"\n"
