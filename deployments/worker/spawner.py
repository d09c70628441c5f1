"""Where a process cannot be forked: every run is started as a new interpreter."""

import asyncio
import os
import sys

from groundwork.deployments.worker.child import run_in_child
from groundwork.deployments.worker.protocol import StartRun


class Spawner:
    """Does what the zygotes do, slower: each run imports everything itself."""

    async def start(self) -> None:
        """Nothing to prepare."""

    async def run(self, request: StartRun) -> tuple[int, "asyncio.Future[int | None]"]:
        """Start a process for a flow run.

        Returns:
            Its process id, and a future of its exit code.
        """
        argument = request.model_dump_json(exclude={"environment", "context"})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "groundwork.deployments.worker.spawner", argument, env=request.environment
        )
        ended: asyncio.Future[int | None] = asyncio.ensure_future(process.wait())
        return process.pid, ended

    def renew(self) -> None:
        """Every run has the code as it is."""

    async def drain(self) -> None:
        """Runs end by themselves."""


def main() -> None:
    """A run's process."""
    request = StartRun.model_validate_json(sys.argv[1])
    run_in_child(request.model_copy(update={"environment": dict(os.environ)}))


if __name__ == "__main__":
    main()
