"""A pull step for projects that are no installed package: the run starts in this machine's copy of the project.

``prefect.yaml``::

    pull:
      - groundwork.deployments.wiring.pull.this_project: {}
"""

import os

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.wiring.project import FILE, project_folders


def this_project(folder: str | None = None) -> dict[str, str]:
    """Change to the project's folder as this machine has it, so that an entrypoint such as ``jobs/billing.py:charge``
    is found wherever the run is.

    Args:
        folder: the last part of its path, where ``GROUNDWORK_PROJECT`` names several.

    Returns:
        What Prefect asks of a pull step: the ``directory``.

    Raises:
        ConfigurationError: this machine has no such project.
    """
    found = project_folders()
    chosen = [each for each in found if folder in (None, each.name)]
    if not chosen:
        raise ConfigurationError(
            f"no project {folder!r} is on this machine; there are {', '.join(map(str, found))}. Set GROUNDWORK_PROJECT "
            f"to the folders with a {FILE}, in the environment of the worker"
        )
    os.chdir(chosen[0])
    return {"directory": str(chosen[0])}
