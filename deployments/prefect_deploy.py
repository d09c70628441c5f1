"""`prefect deploy --all` in a process of its own, which may import everything before it is needed."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError

_COMMAND = ("--no-prompt", "deploy", "--all")


class PrefectDeploy:
    """One deploy.

    Args:
        project: folder with ``prefect.yaml``.
        environment: with ``PREFECT_API_URL``.
    """

    def __init__(self, project: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "groundwork.deployments.up.launch", "prefect", *_COMMAND],
            cwd=project,
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
        said, _ = self._process.communicate("\n")
        if self._process.returncode != 0:
            raise ConfigurationError(f"`prefect deploy --all` refused prefect.yaml:\n{said}")

    def end(self) -> None:
        """End it, if it runs."""
        self._process.kill()
        self._process.communicate()
