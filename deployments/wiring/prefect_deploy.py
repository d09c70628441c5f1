"""`prefect deploy --all` in a process of its own, which may import everything before it is needed."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.wiring.project import FILE

_COMMAND = ("--no-prompt", "deploy", "--all")


class PrefectDeploy:
    """One deploy of every ``prefect.yaml``.

    Args:
        project: folders with a ``prefect.yaml`` each.
        environment: with ``PREFECT_API_URL``.
    """

    def __init__(self, project: Sequence[Path], environment: Mapping[str, str]) -> None:
        self._processes = {folder: self._start(folder, environment) for folder in project}

    @staticmethod
    def _start(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "groundwork.deployments.up.launch", "prefect", *_COMMAND],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self) -> None:
        """Deploy, and wait for the end.

        Raises:
            ConfigurationError: ``prefect deploy --all`` refused.
        """
        for folder, process in self._processes.items():
            said, _ = process.communicate("\n")
            if process.returncode != 0:
                raise ConfigurationError(f"`prefect deploy --all` refused {folder / FILE}:\n{said}")

    def end(self) -> None:
        """End it, if it runs."""
        for process in self._processes.values():
            process.kill()
            process.communicate()
